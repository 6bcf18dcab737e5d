package graphsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// stsError is a refusal by the token endpoint, in the OAuth 2.0 error shape with
// the AADSTS number Microsoft adds (entra-docs identity-platform/reference-error-codes.md).
type stsError struct {
	status  int
	oauth   string
	code    int
	message string
}

func (e *stsError) response(now time.Time, traceID, correlationID string) *response {
	stamp := now.Format("2006-01-02 15:04:05Z")
	body, err := json.Marshal(struct {
		Error         string `json:"error"`
		Description   string `json:"error_description"`
		Codes         []int  `json:"error_codes"`
		Timestamp     string `json:"timestamp"`
		TraceID       string `json:"trace_id"`
		CorrelationID string `json:"correlation_id"`
		URI           string `json:"error_uri"`
	}{
		e.oauth,
		fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", e.code, e.message, traceID, correlationID, stamp),
		[]int{e.code},
		stamp, traceID, correlationID,
		"https://login.microsoftonline.com/error?code=" + strconv.Itoa(e.code),
	})
	if err != nil { // strings always encode
		body = []byte("{}")
	}
	return &response{status: e.status, header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, body: body}
}

func tenantNotFound(key string) *stsError {
	return &stsError{http.StatusBadRequest, "invalid_tenant", 90002, "Tenant '" + key + "' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."}
}

func appNotFound(app, tenantName string) *stsError {
	return &stsError{http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier '" + app + "' was not found in the directory '" + tenantName + "'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant."}
}

func wrongSecret(app string) *stsError {
	return &stsError{http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '" + app + "'."}
}

func expiredSecret(app string) *stsError {
	return &stsError{http.StatusUnauthorized, "invalid_client", 7000222, "The provided client secret keys for app '" + app + "' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds."}
}

func badAssertion(reason string) *stsError {
	return &stsError{http.StatusUnauthorized, "invalid_client", 700027, "The certificate with identifier used to sign the client assertion is not registered on application, or the assertion has an invalid signature. [Reason - " + reason + "]"}
}

func assertionNotTimely() *stsError {
	return &stsError{http.StatusUnauthorized, "invalid_client", 700024, "Client assertion is not within its valid time range."}
}

func assertionAudience() *stsError {
	return &stsError{http.StatusUnauthorized, "invalid_client", 700023, "Client assertion audience claim does not match Realm issuer."}
}

func assertionSubject() *stsError {
	return &stsError{http.StatusUnauthorized, "invalid_client", 700021, "Client assertion application identifier doesn't match 'client_id' parameter."}
}

func noCredential() *stsError {
	return &stsError{http.StatusUnauthorized, "invalid_client", 7000216, "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type."}
}

func missingParameter(name string) *stsError {
	return &stsError{http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: '" + name + "'."}
}

func unsupportedGrant(grant string) *stsError {
	return &stsError{http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '" + grant + "'."}
}

func badScope(scope string) *stsError {
	return &stsError{http.StatusBadRequest, "invalid_scope", 1002012, "The provided value for scope " + scope + " is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."}
}

func unknownResource(resource, tenantName string) *stsError {
	return &stsError{http.StatusBadRequest, "invalid_resource", 500011, "The resource principal named " + resource + " was not found in the tenant named " + tenantName + ". This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant."}
}
