"""Every endpoint, its URL and its Lambda function, on one page.

Each line registers a route (`chalice local`, the test client) and a function of its own, packaged as `app.<name>`. Importing this
file needs no environment and no AWS.
"""

from chalicelib.assembly import provider, warm
from chalicelib.gateway import application, mount, mount_authorizer, mount_job

DOCUMENT = ["GET", "HEAD"]

app = application()

openid_configuration = mount(app, provider, "openid_configuration", DOCUMENT, "/.well-known/openid-configuration")
oauth_authorization_server = mount(
    app, provider, "oauth_authorization_server", DOCUMENT, "/.well-known/oauth-authorization-server"
)
oauth_protected_resource = mount(
    app, provider, "oauth_protected_resource", DOCUMENT, "/.well-known/oauth-protected-resource"
)
jwks = mount(app, provider, "jwks", DOCUMENT, "/jwks")
par = mount(app, provider, "par", ["POST"], "/par")
authorize = mount(app, provider, "authorize", ["GET", "POST"], "/authorize")
login = mount(app, provider, "login", ["GET", "POST"], "/login")
passkey = mount(app, provider, "passkey", ["GET", "POST"], "/passkey")
consent = mount(app, provider, "consent", ["GET", "POST"], "/consent")
grants = mount(app, provider, "grants", ["GET", "POST"], "/grants")
security = mount(app, provider, "security", ["GET", "POST"], "/security")
token = mount(app, provider, "token", ["POST"], "/token")
userinfo = mount(app, provider, "userinfo", ["GET", "POST"], "/userinfo")
introspect = mount(app, provider, "introspect", ["POST"], "/introspect")
revoke = mount(app, provider, "revoke", ["POST"], "/revoke")

authorizer = mount_authorizer(app, provider, "authorizer")
publish_keys = mount_job(app, provider, "publish_keys")
fetch_crls = mount_job(app, provider, "fetch_crls")
rotate_keys = mount_job(app, provider, "rotate_keys", commanded=True)
check_truststore = mount_job(app, provider, "check_truststore")
sweep = mount_job(app, provider, "sweep")
audit = mount_job(app, provider, "audit", commanded=True)

warm()
