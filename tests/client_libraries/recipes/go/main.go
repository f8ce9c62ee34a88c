// A login at a Ducat by golang.org/x/oauth2, with go-oidc for discovery and ID tokens: go run .
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"
)

var issuer, clientID, redirectURI = os.Getenv("ISSUER"), os.Getenv("CLIENT_ID"), os.Getenv("REDIRECT_URI")

func main() {
	file := must(os.ReadFile(os.Getenv("KEY")))
	var key jose.JSONWebKey
	check(json.Unmarshal(file, &key))

	// Every request shows the client's certificate.
	certificate := must(tls.LoadX509KeyPair(os.Getenv("CERTIFICATE"), os.Getenv("CERTIFICATE")))
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	if trusted := os.Getenv("TRUSTED"); trusted != "" { // for the local stack alone
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(must(os.ReadFile(trusted)))
	}
	transport := &Assertions{Key: key, Issuer: issuer, ClientID: clientID, Base: &http.Transport{TLSClientConfig: config}}
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, client)

	provider := must(oidc.NewProvider(ctx, issuer))
	var metadata struct {
		Aliases struct {
			Token string `json:"token_endpoint"`
			Par   string `json:"pushed_authorization_request_endpoint"`
		} `json:"mtls_endpoint_aliases"`
	}
	check(provider.Claims(&metadata))
	transport.Endpoints = []string{metadata.Aliases.Token, metadata.Aliases.Par}

	bank := oauth2.Config{
		ClientID:    clientID,
		RedirectURL: redirectURI,
		Scopes:      []string{"openid", "accounts"},
		Endpoint: oauth2.Endpoint{
			AuthURL:   provider.Endpoint().AuthURL,
			TokenURL:  metadata.Aliases.Token,
			AuthStyle: oauth2.AuthStyleInParams, // else it tries HTTP Basic first
		},
	}
	verifier, state, nonce := oauth2.GenerateVerifier(), rand.Text(), rand.Text()
	request := must(url.Parse(bank.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier), oidc.Nonce(nonce)))).Query()
	if os.Getenv("SIGN_REQUEST") != "" { // fapi2-message-signing
		claims := map[string]any{"iss": clientID, "aud": issuer, "nbf": time.Now().Unix(), "exp": time.Now().Unix() + 300}
		for name := range request {
			claims[name] = request.Get(name)
		}
		request = url.Values{"client_id": {clientID}, "request": {must(transport.sign("oauth-authz-req+jwt", claims))}}
	}
	pushed := push(client, metadata.Aliases.Par, request)
	query := url.Values{"client_id": {clientID}, "request_uri": {pushed}}

	fmt.Printf("Open %s?%s\nCame back to: ", bank.Endpoint.AuthURL, query.Encode())
	line := must(bufio.NewReader(os.Stdin).ReadString('\n'))
	back := must(url.Parse(strings.TrimSpace(line))).Query()
	if back.Get("state") != state || back.Get("iss") != issuer { // x/oauth2 looks at neither
		log.Fatal("this answer belongs to another request")
	}
	if back.Get("error") != "" {
		log.Fatal(back.Get("error"), " ", back.Get("error_description"))
	}

	token := must(bank.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(verifier)))
	rules := &oidc.Config{ClientID: clientID, SupportedSigningAlgs: []string{oidc.PS256}}
	idToken := must(provider.Verifier(rules).Verify(ctx, fmt.Sprint(token.Extra("id_token"))))
	if idToken.Nonce != nonce {
		log.Fatal("the ID token belongs to another request")
	}

	// TokenSource refreshes by itself; without an access token it does so at once.
	refreshed := must(bank.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token())
	answer := must(bank.Client(ctx, refreshed).Get(os.Getenv("ACCOUNTS")))
	defer answer.Body.Close()
	got := map[string]any{}
	check(json.NewDecoder(answer.Body).Decode(&got))
	got["sub"], got["token_type"] = idToken.Subject, refreshed.TokenType
	check(json.NewEncoder(os.Stdout).Encode(got))
}

// push sends the request to /par and gives the request_uri.
func push(client *http.Client, endpoint string, request url.Values) string {
	answer := must(client.PostForm(endpoint, request))
	defer answer.Body.Close()
	var pushed struct {
		RequestURI       string `json:"request_uri"`
		Error            string `json:"error"`
		ErrorDescription string `json:"error_description"`
	}
	check(json.NewDecoder(answer.Body).Decode(&pushed))
	if answer.StatusCode != http.StatusCreated {
		log.Fatal(pushed.Error, " ", pushed.ErrorDescription)
	}
	return pushed.RequestURI
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
