package com.example;

import com.nimbusds.jose.jwk.JWK;
import jakarta.servlet.*;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.client.*;
import org.springframework.security.oauth2.client.annotation.RegisteredOAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.endpoint.*;
import org.springframework.security.oauth2.client.oidc.authentication.OidcIdTokenDecoderFactory;
import org.springframework.security.oauth2.client.oidc.userinfo.OidcUserService;
import org.springframework.security.oauth2.client.registration.*;
import org.springframework.security.oauth2.client.web.*;
import org.springframework.security.oauth2.core.ClientAuthenticationMethod;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.JwtDecoderFactory;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.client.RestClient;

/** A login at a Ducat by Spring Security. Open https://localhost:8846/ */
@SpringBootApplication
@RestController
public class Application {
  static final Map<String, String> ENV = System.getenv();
  static final String ISSUER = ENV.get("ISSUER");
  static final Duration REFRESH_BEFORE = Duration.ofSeconds(Long.parseLong(ENV.getOrDefault("REFRESH_BEFORE", "60")));

  public static void main(String[] arguments) {
    SpringApplication.run(Application.class, arguments);
  }

  /** The session's access token, refreshed where it is about to end. */
  @GetMapping("/")
  Map<String, Object> accounts(
      @AuthenticationPrincipal OidcUser user, @RegisteredOAuth2AuthorizedClient("bank") OAuth2AuthorizedClient bank) {
    Map<?, ?> got = RestClient.create().get().uri(ENV.get("ACCOUNTS"))
        .headers(headers -> headers.setBearerAuth(bank.getAccessToken().getTokenValue()))
        .retrieve().body(Map.class);
    var type = bank.getAccessToken().getTokenType().getValue();
    return Map.of("sub", user.getUserInfo().getSubject(), "token_type", type, "accounts", got.get("accounts"));
  }

  @Bean
  SecurityFilterChain security(HttpSecurity http, ClientRegistrationRepository registrations) throws Exception {
    var pushing = new PushedRequests(new DefaultOAuth2AuthorizationRequestResolver(registrations), registrations);
    return http.authorizeHttpRequests(
            requests -> requests.requestMatchers("/error").permitAll().anyRequest().authenticated()) // else a refusal begins anew
        .oauth2Login(login -> login.authorizationEndpoint(endpoint -> endpoint.authorizationRequestResolver(pushing)))
        .addFilterBefore(Application::requireIssuer, OAuth2LoginAuthenticationFilter.class)
        .build();
  }

  /** RFC 9207, which the library does not check: the answer names the bank that gave it. */
  static void requireIssuer(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    var comesBack = ((HttpServletRequest) request).getServletPath().startsWith("/login/oauth2/code/");
    if (comesBack && !ISSUER.equals(request.getParameter("iss"))) ((HttpServletResponse) response).sendError(400);
    else chain.doFilter(request, response);
  }

  /** The metadata's endpoints, but those that see a certificate by their aliases. */
  @Bean
  ClientRegistrationRepository registrations() {
    var bank = ClientRegistrations.fromIssuerLocation(ISSUER).registrationId("bank").clientId(ENV.get("CLIENT_ID"))
        .clientAuthenticationMethod(ClientAuthenticationMethod.PRIVATE_KEY_JWT).scope("openid", "accounts")
        .clientSettings(ClientRegistration.ClientSettings.builder().requireProofKey(true).build());
    var aliases = aliases(bank.build());
    bank.tokenUri(aliases.get("token_endpoint")).userInfoUri(aliases.get("userinfo_endpoint"));
    return new InMemoryClientRegistrationRepository(bank.build());
  }

  @SuppressWarnings("unchecked")
  static Map<String, String> aliases(ClientRegistration bank) {
    var metadata = bank.getProviderDetails().getConfigurationMetadata();
    return (Map<String, String>) metadata.get("mtls_endpoint_aliases");
  }

  /** private_key_jwt by the JWK's own alg. The library's audience is the token endpoint. */
  static <T extends AbstractOAuth2AuthorizationGrantRequest> NimbusJwtClientAuthenticationParametersConverter<T> assertions() {
    JWK key;
    try {
      key = JWK.parse(Files.readString(Path.of(ENV.get("KEY"))));
    } catch (Exception problem) {
      throw new IllegalStateException(problem);
    }
    var converter = new NimbusJwtClientAuthenticationParametersConverter<T>(registration -> key);
    converter.setJwtClientAssertionCustomizer(assertion -> assertion.getClaims().audience(List.of(ISSUER)));
    return converter;
  }

  @Bean
  OAuth2AccessTokenResponseClient<OAuth2AuthorizationCodeGrantRequest> redeeming() {
    var client = new RestClientAuthorizationCodeTokenResponseClient();
    client.addParametersConverter(assertions());
    return client;
  }

  @Bean
  OAuth2AccessTokenResponseClient<OAuth2RefreshTokenGrantRequest> refreshing() {
    var client = new RestClientRefreshTokenTokenResponseClient();
    client.addParametersConverter(assertions());
    return client;
  }

  @Bean
  OAuth2AuthorizedClientManager clients(
      ClientRegistrationRepository registrations, OAuth2AuthorizedClientRepository tokens,
      OAuth2AccessTokenResponseClient<OAuth2RefreshTokenGrantRequest> refreshing) {
    var manager = new DefaultOAuth2AuthorizedClientManager(registrations, tokens);
    manager.setAuthorizedClientProvider(OAuth2AuthorizedClientProviderBuilder.builder().authorizationCode()
        .refreshToken(refresh -> refresh.accessTokenResponseClient(refreshing).clockSkew(REFRESH_BEFORE)).build());
    return manager;
  }

  /** The library expects RS256. */
  @Bean
  JwtDecoderFactory<ClientRegistration> idTokens() {
    var factory = new OidcIdTokenDecoderFactory();
    factory.setJwsAlgorithmResolver(registration -> SignatureAlgorithm.PS256);
    return factory;
  }

  /** The library calls /userinfo for profile, email, address and phone alone. */
  @Bean
  OidcUserService users() {
    var users = new OidcUserService();
    users.setRetrieveUserInfo(request -> true);
    return users;
  }
}
