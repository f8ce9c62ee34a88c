"""What several functions do alike: parts of the rows of functions.py."""

from __future__ import annotations

from chalicelib.protocol_types import KeyUse
from ducat_cdk import item_attributes as items
from ducat_cdk.function_rows import Key, MadeKeys, Table

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
SIGN_AUTHORIZATION_RESPONSES = MadeKeys("SignAuthorizationResponses", ("Sign",), ("authorization_response",))
SIGN_ID_TOKENS = MadeKeys("SignIdTokens", ("Sign",), ("id_token",))
ALL_USES: tuple[KeyUse, ...] = ("id_token", "authorization_response", "api_response")
RING = Table("signing_keys", "ChooseTheSigningKey", ("Query",))
CERTIFICATE_STATUS = Table("revocations", "ReadWhetherACertificateIsRevoked", ("BatchGetItem",))
GRANT_IN_FORCE = (
    Table("grants", "ReadTheGrant", ("BatchGetItem",)),
    Table("bonds", "ReadWhetherItWasEndedInTheSameCall", ("BatchGetItem",)),
)
TOKEN_IN_FORCE = (Table("access_tokens", "ReadTheToken", ("BatchGetItem",)), *GRANT_IN_FORCE)
COUNT_PASSKEYS = Table(
    "users", "CountUsesOfAPasskey", ("UpdateItem",), keys=("passkey *",), attributes=items.PASSKEY_USED
)
APPROVE = (
    Table("sessions", "KnowWhoSignedOut", ("BatchGetItem",)),
    Table("bonds", "KnowWhoSignedOutEverywhere", ("BatchGetItem",)),
    Table("users", "ReadThePersonOfAPasskey", ("GetItem",)),
    Table("users", "ReadThePersonsPasskeys", ("BatchGetItem",), keys=("passkey *",)),
    COUNT_PASSKEYS,
)
SIGN_IN = (
    Table("users", "ReadThePersonOfAPasskeyAndDataKeys", ("GetItem",)),
    Table(
        "users",
        "CheckThePasswordAndCountFailures",
        ("UpdateItem",),
        not_keys=items.NO_USERNAMES,
        attributes=items.COUNTED_BY_BROWSER,
    ),
    COUNT_PASSKEYS,
)

ADD_INVITED_PASSKEY = (
    Table("users", "ReadWhoWasInvited", ("GetItem",)),
    Table("users", "ReadThePersonsPasskeys", ("BatchGetItem",), keys=("passkey *",)),
    Table(
        "users",
        "CheckThePasswordAndAddThePasskey",
        ("UpdateItem",),
        not_keys=items.NO_USERNAMES,
        attributes=(*items.COUNTED, *items.INVITED),
    ),
    Table("users", "AddThePasskeysItem", ("UpdateItem",), keys=("passkey *",), attributes=items.PASSKEY_ADDED),
    Table("replay_cache", "AcceptEachValueOfABanksOwnDirectoryOnce", ("PutItem",)),
)

UNSEAL_CODES = Key("secrets", "UnsealTheOneTimeCodesSecret", "Decrypt", context="user")
SEAL_APP = Key("secrets", "SealTheSecretOfANewApp", "Encrypt", context="user")
OWN_SIGN_IN = (
    Table("users", "ReadThePersonsPasskeys", ("BatchGetItem",), keys=("passkey *",)),
    Table(
        "users",
        "ChangeHowThePersonSignsIn",
        ("UpdateItem",),
        not_keys=items.NO_USERNAMES,
        attributes=items.OWN_MEANS,
    ),
    Table(
        "users", "AddThePasskeysItem", ("UpdateItem",), keys=("passkey *",), attributes=(*items.PASSKEY_ADDED, "name")
    ),
    Table("users", "RemoveThePasskeysItem", ("DeleteItem",), keys=("passkey *",)),
    Table("replay_cache", "AcceptEachPasskeysChallengeOnce", ("PutItem",)),
    Table("sessions", "KnowWhoHasJustSignedIn", ("BatchGetItem", "PutItem")),
    Table("bonds", "ReadWhetherAllSessionsEnded", ("BatchGetItem", "GetItem")),
    Table(
        "sessions",
        "SignThePersonOut",
        ("UpdateItem",),
        attributes=(*items.SESSION_REPLACED, "signed_out_at", "ttl"),
    ),
)
"""What a person changes of their own sign-in, on a page of a sign-in of its own."""

ROTATED = (
    MadeKeys("MakeSigningKeys", ("CreateKey",), ALL_USES, found="new"),
    MadeKeys("TagThemAsTheyAreMade", ("TagResource",), ALL_USES, found="new"),
    MadeKeys("FindAKeyOfAnInterruptedRun", ("ListKeys",), ALL_USES, found="all"),
    MadeKeys("ReadThePublicKeys", ("DescribeKey", "GetPublicKey", "ListResourceTags"), ALL_USES),
    MadeKeys("StopAndDeleteThem", ("DisableKey", "ScheduleKeyDeletion"), ALL_USES),
)

RECORDING = (
    Table("audit_keys", "ReadTheKeyOfAPerson", ("GetItem",)),
    Table("audit_keys", "MakeTheKeyOfAPerson", ("PutItem",), attributes=items.PERSONS_KEY),
    Table("clients", "ReadWhatAClientIsCalled", ("GetItem",)),
)

MAKE_AND_DROP = ("CreateTable", "DeleteTable")
SWEEPING = (
    Table("access_tokens", "MakeAndDropTheWeeksOfAccessTokens", MAKE_AND_DROP),
    Table("sessions", "MakeAndDropTheWeeksOfSessions", MAKE_AND_DROP),
    Table("replay_cache", "MakeAndDropTheWeeksOfWhatIsReplayCache", MAKE_AND_DROP),
    Table("grants", "DeleteGrantsThatExpired", ("DeleteItem", "Scan")),
    Table("bonds", "DeleteBondsThatExpired", ("DeleteItem", "Scan")),
)
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
