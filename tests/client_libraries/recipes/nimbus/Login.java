import com.nimbusds.jose.*;
import com.nimbusds.jose.crypto.factories.DefaultJWSSignerFactory;
import com.nimbusds.jose.jwk.*;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jwt.*;
import com.nimbusds.oauth2.sdk.*;
import com.nimbusds.oauth2.sdk.auth.*;
import com.nimbusds.oauth2.sdk.dpop.*;
import com.nimbusds.oauth2.sdk.http.*;
import com.nimbusds.oauth2.sdk.id.*;
import com.nimbusds.oauth2.sdk.pkce.*;
import com.nimbusds.oauth2.sdk.token.*;
import com.nimbusds.openid.connect.sdk.*;
import com.nimbusds.openid.connect.sdk.op.*;
import com.nimbusds.openid.connect.sdk.validators.IDTokenValidator;
import java.net.URI;
import java.nio.file.*;
import java.util.*;

/** A login at a Ducat by Nimbus's oauth2-oidc-sdk: java -cp 'lib/*' Login.java */
class Login {
  static final Map<String, String> ENV = System.getenv();
  static final Issuer ISSUER = new Issuer(ENV.get("ISSUER"));
  static final ClientID CLIENT = new ClientID(ENV.get("CLIENT_ID"));
  static final boolean BY_CERTIFICATE = ENV.containsKey("CERTIFICATE"); // else the tokens are bound to a DPoP key

  static JWK key;
  static JWSAlgorithm alg;
  static DPoPProofFactory proofs;

  public static void main(String[] arguments) throws Exception {
    key = JWK.parse(Files.readString(Path.of(ENV.get("KEY"))));
    alg = JWSAlgorithm.parse(key.getAlgorithm().getName());
    proofs = BY_CERTIFICATE ? null : new DefaultDPoPProofFactory(new ECKeyGenerator(Curve.P_256).generate(), JWSAlgorithm.ES256);

    var server = OIDCProviderMetadata.resolve(ISSUER);
    var endpoints = BY_CERTIFICATE ? server.getMtlsEndpointAliases() : server;

    var verifier = new CodeVerifier();
    var state = new State();
    var nonce = new Nonce();
    var redirect = URI.create(ENV.get("REDIRECT_URI"));
    AuthorizationRequest request =
        new AuthenticationRequest.Builder(ResponseType.CODE, new Scope("openid", "accounts"), CLIENT, redirect)
            .state(state).nonce(nonce).codeChallenge(verifier, CodeChallengeMethod.S256).build();
    if (ENV.containsKey("SIGN_REQUEST")) // fapi2-message-signing
      request = new AuthorizationRequest.Builder(signed(request), CLIENT).build();
    var pushed = PushedAuthorizationResponse.parse(
        send(new PushedAuthorizationRequest(endpoints.getPushedAuthorizationRequestEndpointURI(), assertion(), request).toHTTPRequest(), null));
    if (!pushed.indicatesSuccess()) throw new GeneralException(pushed.toErrorResponse().getErrorObject());
    var browser = new AuthorizationRequest.Builder(pushed.toSuccessResponse().getRequestURI(), CLIENT)
        .endpointURI(server.getAuthorizationEndpointURI()).build();

    System.out.println("Open " + browser.toURI());
    System.out.print("Came back to: ");
    var back = AuthenticationResponseParser.parse(URI.create(new Scanner(System.in).nextLine()));
    if (!state.equals(back.getState()) || !ISSUER.equals(back.getIssuer())) // the library compares neither
      throw new GeneralException("this answer belongs to another request");
    if (!back.indicatesSuccess()) throw new GeneralException(back.toErrorResponse().getErrorObject());

    var code = back.toSuccessResponse().getAuthorizationCode();
    var tokens = (OIDCTokenResponse) tokens(endpoints.getTokenEndpointURI(), new AuthorizationCodeGrant(code, redirect, verifier));
    var claims = new IDTokenValidator(ISSUER, CLIENT, JWSAlgorithm.PS256, server.getJWKSetURI().toURL())
        .validate(tokens.getOIDCTokens().getIDToken(), nonce);
    var access = tokens.getTokens().getAccessToken();
    var userinfo = UserInfoResponse.parse(
        send(new UserInfoRequest(endpoints.getUserInfoEndpointURI(), access).toHTTPRequest(), access));
    if (!userinfo.toSuccessResponse().getUserInfo().getSubject().equals(claims.getSubject()))
      throw new GeneralException("the userinfo is of somebody else");

    var refreshed = tokens(endpoints.getTokenEndpointURI(), new RefreshTokenGrant(tokens.getTokens().getRefreshToken()))
        .getTokens().getAccessToken();
    var api = new HTTPRequest(HTTPRequest.Method.GET, URI.create(ENV.get("ACCOUNTS")));
    api.setAuthorization(refreshed.toAuthorizationHeader());
    var got = send(api, refreshed).getBodyAsJSONObject();
    got.put("sub", claims.getSubject().getValue());
    got.put("token_type", refreshed.getType().getValue());
    System.out.println(got);
  }

  /** By default the library takes the URL of the token endpoint as the audience. A new one for each request. */
  static ClientAuthentication assertion() throws Exception {
    var claims = new JWTAuthenticationClaimsSet(CLIENT, new Audience(ISSUER));
    return new PrivateKeyJWT(claims, alg, ((AsymmetricJWK) key).toPrivateKey(), key.getKeyID(), null);
  }

  static AccessTokenResponse tokens(URI endpoint, AuthorizationGrant grant) throws Exception {
    var answer = OIDCTokenResponseParser.parse(
        send(new TokenRequest.Builder(endpoint, assertion(), grant).build().toHTTPRequest(), null));
    if (!answer.indicatesSuccess()) throw new GeneralException(answer.toErrorResponse().getErrorObject());
    return (AccessTokenResponse) answer.toSuccessResponse();
  }

  static HTTPResponse send(HTTPRequest request, AccessToken token) throws Exception {
    if (proofs != null)
      request.setDPoP(proofs.createDPoPJWT(request.getMethod().name(), request.getURI(), token));
    return request.send();
  }

  static SignedJWT signed(AuthorizationRequest request) throws Exception {
    var now = System.currentTimeMillis();
    var claims = new JWTClaimsSet.Builder(request.toJWTClaimsSet())
        .issuer(CLIENT.getValue()).audience(ISSUER.getValue())
        .notBeforeTime(new Date(now)).expirationTime(new Date(now + 300_000)).build();
    var header = new JWSHeader.Builder(alg).keyID(key.getKeyID()).type(new JOSEObjectType("oauth-authz-req+jwt")).build();
    var jwt = new SignedJWT(header, claims);
    jwt.sign(new DefaultJWSSignerFactory().createJWSSigner(key, alg));
    return jwt;
  }
}
