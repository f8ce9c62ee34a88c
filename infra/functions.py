"""What each Lambda function serves and may do: read this first. The roles are made of these rows and of nothing else.

A table's verbs are DynamoDB's actions, a key's are KMS's; `why` is the Sid of the statement in the role. Not in the
rows, since all have them: writing to its own log group, opening its own tables' encryption through DynamoDB (roles.py).
BatchGetItem is an action of its own (service authorization reference), and implies no GetItem.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A table that a function uses. `name`: a row of tables.TABLES. `index`: the one that it asks, and not the table itself.

    `keys`: what the keys of the items look like that it may ask for, where they are not all.
    """

    name: str
    why: str
    verbs: tuple[str, ...]
    index: str = ""
    keys: str = ""


@dataclass(frozen=True)
class Key:
    """A KMS key that a function uses, where the deployment has it. `name`: a row of keys.KEYS.

    `context`: the one name in the encryption context of what is sealed with it; whose secrets the function may open.
    """

    name: str
    why: str
    verb: str
    context: str | None = None


@dataclass(frozen=True)
class Function:
    """One Lambda function. `name`: of the handler `app.<name>`. `routes`: "METHOD /path".

    `guarded`: behind the authorizer, so that API Gateway can send its refusal with a WWW-Authenticate header.
    `memory`: MiB; Lambda gives a whole CPU at 1,769. `timeout`: seconds, under API Gateway's 29,
    and enough for two documents that clients publish (fetch/https.py). `weekly`: only where tables are by week.
    """

    name: str
    routes: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    keys: tuple[Key, ...] = ()
    guarded: bool = False
    memory: int = 1024
    timeout: int = 15
    weekly: bool = False

    @property
    def is_job(self) -> bool:
        """Whether a schedule runs it, so that nobody waits for its answer."""
        return not self.routes and self.name != "authorizer"


CALLER = Table("clients", "KnowTheClient", ("GetItem",))
SINGLE_USE = Table("replay_cache", "AcceptEachAssertionAndProofOnce", ("PutItem",))
PROOF = Table("replay_cache", "AcceptEachProofOnce", ("PutItem",))
SUBJECT = Key("subjects", "MakePairwiseSubjects", "GenerateMac")
CLIENTS_SECRET = Key("secrets", "UnsealTheClientsSecret", "Decrypt", context="client")
DECRYPT_REQUESTS = Key("decryption", "DecryptWhatIsEncryptedToUs", "Decrypt")
NONCE = Key("nonces", "MakeAndRecogniseNonces", "GenerateMac")
SIGN_RESPONSES = (
    Key("ps256", "SignAuthorizationResponsesWithRsa", "Sign"),
    Key("es256", "SignAuthorizationResponsesWithEcdsa", "Sign"),
    Key("eddsa", "SignAuthorizationResponsesWithEddsa", "Sign"),
)
RING = Table("signing_keys", "ChooseTheSigningKey", ("Query",))
GRANT_IN_FORCE = (
    Table("grants", "ReadTheGrant", ("BatchGetItem",)),
    Table("bonds", "ReadWhetherItWasEndedInTheSameCall", ("BatchGetItem",)),
)
TOKEN_IN_FORCE = (Table("access_tokens", "ReadTheToken", ("BatchGetItem",)), *GRANT_IN_FORCE)

MAKE_AND_DROP = ("CreateTable", "DeleteTable", "DescribeTable")
MAKE_ENCRYPTED = (
    "CreateGrant",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
)
"""What KMS asks of who makes a table under a customer's key (DynamoDB developer guide, "Authorizing use of your KMS key")."""

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
            Table("grants", "KeepWhatWasPushed", ("PutItem",)),
            Table("signing_keys", "RecogniseAnIdTokenOfOursAndFindOurKeys", ("Query",)),
        ),
        keys=(NONCE, CLIENTS_SECRET, DECRYPT_REQUESTS),
    ),
    Function(
        "authorize",
        ("GET /authorize", "POST /authorize"),
        tables=(
            CALLER,
            Table("grants", "OpenTheRequestInABrowser", ("PutItem", "UpdateItem")),
            Table("bonds", "ReadTheEpochOfWhoIsRecognised", ("GetItem",)),
            Table("sessions", "RecogniseThePerson", ("GetItem",)),
            Table("users", "ReadWhoThePersonIsNow", ("GetItem",)),
            RING,
        ),
        keys=(DECRYPT_REQUESTS, SUBJECT, *SIGN_RESPONSES),
    ),
    Function(
        "login",
        ("GET /login", "POST /login"),
        tables=(
            CALLER,
            Table("users", "CheckThePasswordAndCountFailures", ("GetItem", "UpdateItem")),
            Table("grants", "RecordWhoThePersonIs", ("GetItem", "UpdateItem")),
            Table("bonds", "ReadTheEpochOfTheLogin", ("GetItem",)),
            Table("replay_cache", "AcceptEachOneTimeCodeOnce", ("PutItem",)),
            Table("sessions", "RecogniseThePersonLater", ("GetItem", "PutItem", "UpdateItem")),
            RING,
        ),
        keys=(Key("secrets", "UnsealTheOneTimeCodesSecret", "Decrypt", context="user"), SUBJECT, *SIGN_RESPONSES),
        memory=1769,  # argon2 takes a whole CPU
    ),
    Function(
        "passkey",
        ("GET /passkey", "POST /passkey"),
        tables=(
            Table("users", "AddThePasskeyOfWhoWasInvited", ("GetItem", "PutItem", "UpdateItem")),
            Table("replay_cache", "AcceptEachOneTimeCodeOnce", ("PutItem",)),
        ),
        keys=(Key("secrets", "UnsealTheOneTimeCodesSecret", "Decrypt", context="user"),),
        memory=1769,  # argon2 takes a whole CPU
    ),
    Function(
        "grants",
        ("GET /grants", "POST /grants"),
        tables=(
            CALLER,
            Table("users", "CheckThePasswordAndCountFailures", ("GetItem", "UpdateItem")),
            Table("replay_cache", "AcceptEachOneTimeCodeAndChallengeOnce", ("PutItem",)),
            Table("sessions", "RecogniseThePerson", ("GetItem", "PutItem", "UpdateItem")),
            Table("grants", "FindThePersonsGrants", ("Query",), index="by_person"),
            Table("grants", "ReadThem", ("BatchGetItem",)),
            Table("bonds", "EndAllAccessOfAClient", ("BatchGetItem", "PutItem")),
        ),
        keys=(Key("secrets", "UnsealTheOneTimeCodesSecret", "Decrypt", context="user"), SUBJECT),
        memory=1769,  # argon2 takes a whole CPU
    ),
    Function(
        "consent",
        ("GET /consent", "POST /consent"),
        tables=(
            CALLER,
            Table("grants", "RecordWhatThePersonDecides", ("GetItem", "UpdateItem")),
            Table("bonds", "RememberWhatWasAgreedTo", ("GetItem", "UpdateItem")),
            Table("sessions", "KnowWhoSignedOut", ("GetItem",)),
            RING,
        ),
        keys=SIGN_RESPONSES,
    ),
    Function(
        "token",
        ("POST /token",),
        tables=(
            CALLER,
            SINGLE_USE,
            *GRANT_IN_FORCE,
            Table("grants", "RedeemTheCodeReplaceRefreshTokensAndEndTheGrantOfAThief", ("UpdateItem",)),
            Table("access_tokens", "KeepWhatIsIssued", ("PutItem",)),
            Table("users", "AskWhetherThePersonIsStillKnown", ("GetItem",), keys="sub *"),
            RING,
        ),
        keys=(
            Key("ps256", "SignIdTokensWithRsa", "Sign"),
            Key("es256", "SignIdTokensWithEcdsa", "Sign"),
            Key("eddsa", "SignIdTokensWithEddsa", "Sign"),
            NONCE,
            CLIENTS_SECRET,
        ),
    ),
    Function(
        "userinfo",
        ("GET /userinfo", "POST /userinfo"),
        tables=(*TOKEN_IN_FORCE, PROOF, CALLER, RING),
        keys=(
            NONCE,
            Key("ps256", "SignUserinfoWithRsa", "Sign"),
            Key("es256", "SignUserinfoWithEcdsa", "Sign"),
            Key("eddsa", "SignUserinfoWithEddsa", "Sign"),
        ),
        guarded=True,
    ),
    Function(
        "introspect",
        ("POST /introspect",),
        tables=(CALLER, SINGLE_USE, *TOKEN_IN_FORCE, RING),
        keys=(
            Key("ps256", "SignIntrospectionWithRsa", "Sign"),
            Key("es256", "SignIntrospectionWithEcdsa", "Sign"),
            Key("eddsa", "SignIntrospectionWithEddsa", "Sign"),
            CLIENTS_SECRET,
        ),
    ),
    Function(
        "revoke",
        ("POST /revoke",),
        tables=(
            CALLER,
            SINGLE_USE,
            *TOKEN_IN_FORCE,
            Table("access_tokens", "EndTheToken", ("UpdateItem",)),
            Table("grants", "EndTheGrant", ("UpdateItem",)),
        ),
        keys=(CLIENTS_SECRET,),
    ),
    Function(
        "authorizer",
        tables=(*TOKEN_IN_FORCE, Table("grants", "UseUpWhatMayBeDoneOnce", ("UpdateItem",)), PROOF, CALLER),
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
        "sweep",
        tables=(
            Table("access_tokens", "MakeAndDropTheWeeksOfAccessTokens", MAKE_AND_DROP),
            Table("sessions", "MakeAndDropTheWeeksOfSessions", MAKE_AND_DROP),
            Table("replay_cache", "MakeAndDropTheWeeksOfWhatIsReplayCache", MAKE_AND_DROP),
            Table("grants", "DeleteGrantsThatExpired", ("DeleteItem", "Scan")),
            Table("bonds", "DeleteBondsThatExpired", ("DeleteItem", "Scan")),
        ),
        keys=tuple(Key("tables", f"MakeTablesUnderTheKeyBy{verb}", verb) for verb in MAKE_ENCRYPTED),
        timeout=900,
        weekly=True,
    ),
)
