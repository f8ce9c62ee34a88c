"""What each Lambda function serves and may do: read this first. The roles are made of these rows and of nothing else.

A table's verbs are DynamoDB's actions, a key's are KMS's; `why` is the Sid of the statement in the role. Not in the
rows, since all have them: writing to its own log group, opening its own tables' encryption through DynamoDB (roles.py).
BatchGetItem is an action of its own (service authorization reference), and implies no GetItem.
"""

from __future__ import annotations

from ducat_cdk import item_attributes as items
from ducat_cdk.function_rows import File, Function, Key, MadeKeys, Table
from ducat_cdk.parts_of_rows import (
    ADD_INVITED_PASSKEY,
    APPROVE,
    CALLER,
    CERTIFICATE_STATUS,
    CLIENTS_SECRET,
    DECRYPT_REQUESTS,
    GRANT_IN_FORCE,
    MAKE_ENCRYPTED,
    NONCE,
    OWN_SIGN_IN,
    PROOF,
    RECORDING,
    RING,
    ROTATED,
    SEAL_APP,
    SIGN_AUTHORIZATION_RESPONSES,
    SIGN_ID_TOKENS,
    SIGN_IN,
    SIGN_RESPONSES,
    SINGLE_USE,
    SUBJECT,
    SWEEPING,
    TOKEN_IN_FORCE,
    UNSEAL_CODES,
)

FUNCTIONS = (
    Function(
        "openid_configuration",
        ("GET /.well-known/openid-configuration", "HEAD /.well-known/openid-configuration"),
        memory=512,
    ),
    Function(
        "oauth_authorization_server",
        ("GET /.well-known/oauth-authorization-server", "HEAD /.well-known/oauth-authorization-server"),
        memory=512,
    ),
    Function(
        "oauth_protected_resource",
        ("GET /.well-known/oauth-protected-resource", "HEAD /.well-known/oauth-protected-resource"),
        memory=512,
    ),
    Function(
        "jwks",
        ("GET /jwks", "HEAD /jwks"),
        tables=(Table("signing_keys", "ReadPublishedKeys", ("Query",)),),
        memory=512,
    ),
    Function(
        "par",
        ("POST /par",),
        tables=(
            CALLER,
            SINGLE_USE,
            CERTIFICATE_STATUS,
            Table("grants", "KeepWhatWasPushed", ("PutItem",), attributes=items.NEW_GRANT),
            Table("signing_keys", "RecogniseAnIdTokenOfOursAndFindOurKeys", ("Query",)),
        ),
        keys=(NONCE, CLIENTS_SECRET, DECRYPT_REQUESTS),
    ),
    Function(
        "authorize",
        ("GET /authorize", "POST /authorize"),
        tables=(
            CALLER,
            Table("grants", "KeepTheRequestOfABrowser", ("PutItem",), attributes=items.NEW_GRANT_IN_BROWSER),
            Table("grants", "OpenTheRequestInABrowser", ("UpdateItem",), attributes=items.OPENED),
            Table("bonds", "ReadTheEpochOfWhoIsRecognised", ("BatchGetItem", "GetItem")),
            Table("sessions", "RecogniseThePerson", ("BatchGetItem",)),
            Table(
                "users",
                "ReadWhoThePersonIsNow",
                ("GetItem",),
                not_keys=items.NO_USERNAMES,
                attributes=items.PROFILE,
            ),
            RING,
        ),
        keys=(DECRYPT_REQUESTS, SUBJECT, *SIGN_RESPONSES),
        made_keys=(SIGN_AUTHORIZATION_RESPONSES,),
    ),
    Function(
        "login",
        ("GET /login", "POST /login"),
        tables=(
            CALLER,
            *SIGN_IN,
            Table("grants", "ReadTheRequest", ("BatchGetItem", "GetItem")),
            Table("grants", "RecordWhoThePersonIs", ("UpdateItem",), attributes=items.SIGNED_IN),
            Table("bonds", "ReadTheEpochOfTheLoginAndOfAKnownBrowser", ("BatchGetItem", "GetItem")),
            Table("replay_cache", "AcceptEachPasskeysChallengeOnce", ("PutItem",)),
            Table("sessions", "RecogniseThePersonLater", ("BatchGetItem", "PutItem")),
            Table("sessions", "EndTheSessionBefore", ("UpdateItem",), attributes=items.SESSION_REPLACED),
            RING,
        ),
        keys=(UNSEAL_CODES, SUBJECT, *SIGN_RESPONSES),
        made_keys=(SIGN_AUTHORIZATION_RESPONSES,),
        memory=1769,  # argon2 takes a whole CPU
    ),
    Function(
        "passkey",
        ("GET /passkey", "POST /passkey"),
        tables=(*ADD_INVITED_PASSKEY,),
        keys=(UNSEAL_CODES,),
        memory=1769,  # argon2 takes a whole CPU
    ),
    Function(
        "grants",
        ("GET /grants", "POST /grants"),
        tables=(
            CALLER,
            *SIGN_IN,
            Table("replay_cache", "AcceptEachPasskeysChallengeOnce", ("PutItem",)),
            Table("sessions", "RecogniseThePerson", ("BatchGetItem", "PutItem")),
            Table(
                "sessions",
                "SignThePersonOut",
                ("UpdateItem",),
                attributes=(*items.SESSION_REPLACED, "signed_out_at", "ttl"),
            ),
            Table("grants", "FindThePersonsGrants", ("Query",), index="by_end"),
            Table("grants", "FindThePersonsHistory", ("Query",), index="by_person"),
            Table("grants", "ReadThem", ("BatchGetItem",)),
            Table("grants", "EndOneOfThem", ("UpdateItem",), attributes=items.ENDED_BY_PERSON),
            Table("bonds", "EndAllAccessOfAClientOrAllSessions", ("BatchGetItem", "GetItem", "PutItem")),
        ),
        keys=(UNSEAL_CODES, SUBJECT),
        memory=1769,  # argon2 takes a whole CPU
    ),
    Function(
        "security",
        ("GET /security", "POST /security"),
        tables=(*SIGN_IN, *OWN_SIGN_IN),
        keys=(UNSEAL_CODES, SEAL_APP, SUBJECT),
        memory=1769,  # argon2 takes a whole CPU
    ),
    Function(
        "consent",
        ("GET /consent", "POST /consent"),
        tables=(
            CALLER,
            Table("grants", "ReadTheRequest", ("GetItem",)),
            Table("grants", "RecordWhatThePersonDecides", ("UpdateItem",), attributes=items.DECIDED),
            Table("bonds", "ReadWhatWasAgreedTo", ("GetItem",)),
            Table("bonds", "RememberWhatWasAgreedTo", ("UpdateItem",), attributes=items.REMEMBERED),
            *APPROVE,
            RING,
        ),
        keys=SIGN_RESPONSES,
        made_keys=(SIGN_AUTHORIZATION_RESPONSES, SIGN_ID_TOKENS),  # of the hybrid flow
    ),
    Function(
        "token",
        ("POST /token",),
        tables=(
            CALLER,
            SINGLE_USE,
            CERTIFICATE_STATUS,
            *GRANT_IN_FORCE,
            Table(
                "grants",
                "RedeemTheCodeReplaceRefreshTokensAndEndTheGrantOfAThief",
                ("UpdateItem",),
                attributes=items.REDEEMED,
            ),
            Table("access_tokens", "KeepWhatIsIssued", ("PutItem",)),
            Table(
                "users",
                "AskWhetherThePersonIsStillKnown",
                ("GetItem",),
                keys=("sub *",),
                attributes=items.KNOWN,
            ),
            RING,
        ),
        keys=(
            Key("ps256", "SignIdTokensWithRsa", "Sign"),
            Key("es256", "SignIdTokensWithEcdsa", "Sign"),
            Key("eddsa", "SignIdTokensWithEddsa", "Sign"),
            NONCE,
            CLIENTS_SECRET,
        ),
        made_keys=(SIGN_ID_TOKENS,),
    ),
    Function(
        "userinfo",
        ("GET /userinfo", "POST /userinfo"),
        tables=(*TOKEN_IN_FORCE, CERTIFICATE_STATUS, PROOF, CALLER, RING),
        keys=(
            NONCE,
            Key("ps256", "SignUserinfoWithRsa", "Sign"),
            Key("es256", "SignUserinfoWithEcdsa", "Sign"),
            Key("eddsa", "SignUserinfoWithEddsa", "Sign"),
        ),
        made_keys=(MadeKeys("SignUserinfo", ("Sign",), ("api_response",)),),
        guarded=True,
    ),
    Function(
        "introspect",
        ("POST /introspect",),
        tables=(CALLER, SINGLE_USE, CERTIFICATE_STATUS, *TOKEN_IN_FORCE, RING),
        keys=(
            Key("ps256", "SignIntrospectionWithRsa", "Sign"),
            Key("es256", "SignIntrospectionWithEcdsa", "Sign"),
            Key("eddsa", "SignIntrospectionWithEddsa", "Sign"),
            CLIENTS_SECRET,
        ),
        made_keys=(MadeKeys("SignIntrospection", ("Sign",), ("api_response",)),),
    ),
    Function(
        "revoke",
        ("POST /revoke",),
        tables=(
            CALLER,
            SINGLE_USE,
            CERTIFICATE_STATUS,
            *TOKEN_IN_FORCE,
            Table("access_tokens", "EndTheToken", ("UpdateItem",), attributes=("pk", "revoked_at")),
            Table("grants", "EndTheGrantOrItsToken", ("UpdateItem",), attributes=items.ENDED),
        ),
        keys=(CLIENTS_SECRET,),
    ),
    Function(
        "authorizer",
        tables=(
            *TOKEN_IN_FORCE,
            CERTIFICATE_STATUS,
            Table("grants", "UseUpWhatMayBeDoneOnce", ("UpdateItem",), attributes=items.CONSUMED),
            PROOF,
            CALLER,
        ),
        keys=(NONCE,),
    ),
    Function(
        "publish_keys",
        tables=(Table("signing_keys", "PublishNewKeys", ("PutItem", "Query")),),
        keys=(
            Key("ps256", "ReadTheRsaPublicKey", "GetPublicKey"),
            Key("es256", "ReadTheEcdsaPublicKey", "GetPublicKey"),
            Key("eddsa", "ReadTheEddsaPublicKey", "GetPublicKey"),
            Key("decryption", "ReadThePublicKeyToEncryptTo", "GetPublicKey"),
        ),
    ),
    Function(
        "fetch_crls",
        tables=(
            Table("revocations", "KeepWhatAuthoritiesRevoked", ("BatchGetItem", "GetItem", "PutItem"), keys=("crl.*",)),
        ),
        files=(
            File("truststore", "ReadTheTruststore", ("s3:GetObject",), ("GetObject",)),
            File("crls", "KeepTheCrls", ("s3:PutObject",), ("PutObject",)),
        ),
        memory=1769,
        timeout=900,
    ),
    Function(
        "rotate_keys",
        tables=(
            Table("signing_keys", "PublishAndRetireKeys", ("DeleteItem", "PutItem", "Query")),
            Table("signing_keys", "SayWhoDeletesAKey", ("UpdateItem",), attributes=items.DELETED_KEY),
        ),
        keys=(
            Key("ps256", "StopTheRsaKeyOfTheTemplate", "DisableKey"),
            Key("es256", "StopTheEcdsaKeyOfTheTemplate", "DisableKey"),
            Key("eddsa", "StopTheEddsaKeyOfTheTemplate", "DisableKey"),
        ),
        made_keys=ROTATED,
        timeout=120,
    ),
    Function(
        "audit",
        tables=RECORDING,
        files=(File("record", "KeepTheRecord", ("s3:PutObject",), ("PutObject",)),),
        memory=1769,
        timeout=120,
        records=True,
    ),
    Function("check_truststore", domain="ReadWhatApiGatewaySaysOfTheTruststore"),
    Function(
        "sweep",
        tables=SWEEPING,
        keys=tuple(Key("tables", f"MakeTablesUnderTheKeyBy{verb}", verb) for verb in MAKE_ENCRYPTED),
        timeout=900,
        weekly=True,
    ),
)
