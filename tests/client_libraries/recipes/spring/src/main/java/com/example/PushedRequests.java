package com.example;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Map;
import org.springframework.http.MediaType;
import org.springframework.security.oauth2.client.endpoint.AbstractOAuth2AuthorizationGrantRequest;
import org.springframework.security.oauth2.client.registration.ClientRegistration;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.client.web.OAuth2AuthorizationRequestResolver;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.endpoint.OAuth2AuthorizationRequest;
import org.springframework.util.LinkedMultiValueMap;
import org.springframework.web.client.RestClient;
import org.springframework.web.util.UriComponentsBuilder;

/** Pushes each authorization request (RFC 9126), which Spring Security does not. The browser gets its request_uri. */
record PushedRequests(OAuth2AuthorizationRequestResolver inner, ClientRegistrationRepository registrations)
    implements OAuth2AuthorizationRequestResolver {

  @Override
  public OAuth2AuthorizationRequest resolve(HttpServletRequest request) {
    return push(inner.resolve(request));
  }

  @Override
  public OAuth2AuthorizationRequest resolve(HttpServletRequest request, String registrationId) {
    return push(inner.resolve(request, registrationId));
  }

  private OAuth2AuthorizationRequest push(OAuth2AuthorizationRequest request) {
    if (request == null) return null;
    var bank = registrations.findByRegistrationId("bank");
    var form = new LinkedMultiValueMap<String, String>(Application.<Pushed>assertions().convert(new Pushed(bank)));
    form.setAll(Map.of(
        "client_id", request.getClientId(), "response_type", "code", "redirect_uri", request.getRedirectUri(),
        "scope", String.join(" ", request.getScopes()), "state", request.getState()));
    request.getAdditionalParameters().forEach((name, value) -> form.set(name, value.toString())); // nonce, code_challenge
    Map<?, ?> pushed = RestClient.create().post()
        .uri(Application.aliases(bank).get("pushed_authorization_request_endpoint"))
        .contentType(MediaType.APPLICATION_FORM_URLENCODED).body(form)
        .retrieve().body(Map.class);
    var uri = UriComponentsBuilder.fromUriString(request.getAuthorizationUri())
        .queryParam("client_id", request.getClientId()).queryParam("request_uri", pushed.get("request_uri"))
        .encode().build().toUriString();
    return OAuth2AuthorizationRequest.from(request).authorizationRequestUri(uri).build();
  }

  /** What the converter of assertions takes. */
  private static class Pushed extends AbstractOAuth2AuthorizationGrantRequest {
    Pushed(ClientRegistration bank) {
      super(AuthorizationGrantType.AUTHORIZATION_CODE, bank);
    }
  }
}
