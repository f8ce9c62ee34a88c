package main

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Assertions adds private_key_jwt to each form that goes to one of the Endpoints. x/oauth2 lacks it, also at a refresh.
type Assertions struct {
	Key              jose.JSONWebKey
	Issuer, ClientID string
	Endpoints        []string
	Base             http.RoundTripper
}

func (a *Assertions) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method != http.MethodPost || !slices.Contains(a.Endpoints, request.URL.String()) {
		return a.Base.RoundTrip(request)
	}
	defer request.Body.Close()
	sent, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(sent))
	if err != nil {
		return nil, err
	}
	now := time.Now().Unix()
	assertion, err := a.sign("client-authentication+jwt", map[string]any{
		"iss": a.ClientID, "sub": a.ClientID, "aud": a.Issuer, "jti": rand.Text(), "iat": now, "exp": now + 60,
	})
	if err != nil {
		return nil, err
	}
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", assertion)
	body := form.Encode()
	changed := request.Clone(request.Context())
	changed.Body, changed.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	changed.GetBody = nil // an assertion is good for one request
	return a.Base.RoundTrip(changed)
}

func (a *Assertions) sign(typ string, claims map[string]any) (string, error) {
	key := jose.SigningKey{Algorithm: jose.SignatureAlgorithm(a.Key.Algorithm), Key: a.Key}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(claims).Serialize()
}
