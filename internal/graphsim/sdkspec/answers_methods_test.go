package sdkspec_test

import (
	"net/http"
	"strings"

	"github.com/microsoft/kiota-abstractions-go/serialization"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// methodModels are the collections of authentication methods with Microsoft's models
// of their elements. Of external methods the models know the base type only.
func methodModels() map[string][2]serialization.ParsableFactory {
	return map[string][2]serialization.ParsableFactory{
		"methods":                        {models.CreateAuthenticationMethodCollectionResponseFromDiscriminatorValue, models.CreateAuthenticationMethodFromDiscriminatorValue},
		"passwordMethods":                {models.CreatePasswordAuthenticationMethodCollectionResponseFromDiscriminatorValue, models.CreatePasswordAuthenticationMethodFromDiscriminatorValue},
		"phoneMethods":                   {models.CreatePhoneAuthenticationMethodCollectionResponseFromDiscriminatorValue, models.CreatePhoneAuthenticationMethodFromDiscriminatorValue},
		"microsoftAuthenticatorMethods":  {models.CreateMicrosoftAuthenticatorAuthenticationMethodCollectionResponseFromDiscriminatorValue, models.CreateMicrosoftAuthenticatorAuthenticationMethodFromDiscriminatorValue},
		"softwareOathMethods":            {models.CreateSoftwareOathAuthenticationMethodCollectionResponseFromDiscriminatorValue, models.CreateSoftwareOathAuthenticationMethodFromDiscriminatorValue},
		"fido2Methods":                   {models.CreateFido2AuthenticationMethodCollectionResponseFromDiscriminatorValue, models.CreateFido2AuthenticationMethodFromDiscriminatorValue},
		"windowsHelloForBusinessMethods": {models.CreateWindowsHelloForBusinessAuthenticationMethodCollectionResponseFromDiscriminatorValue, models.CreateWindowsHelloForBusinessAuthenticationMethodFromDiscriminatorValue},
		"platformCredentialMethods":      {models.CreatePlatformCredentialAuthenticationMethodCollectionResponseFromDiscriminatorValue, models.CreatePlatformCredentialAuthenticationMethodFromDiscriminatorValue},
		"emailMethods":                   {models.CreateEmailAuthenticationMethodCollectionResponseFromDiscriminatorValue, models.CreateEmailAuthenticationMethodFromDiscriminatorValue},
		"externalAuthenticationMethods":  {models.CreateAuthenticationMethodCollectionResponseFromDiscriminatorValue, models.CreateAuthenticationMethodFromDiscriminatorValue},
		"temporaryAccessPassMethods":     {models.CreateTemporaryAccessPassAuthenticationMethodCollectionResponseFromDiscriminatorValue, models.CreateTemporaryAccessPassAuthenticationMethodFromDiscriminatorValue},
	}
}

// methods registers one method of each type for a colleague, who also has a pass,
// and returns the names for them.
func (w *world) methods() []string {
	GinkgoHelper()
	ids, err := w.UserIDs(w.tenant)
	Expect(err).NotTo(HaveOccurred())
	colleague := ids[5]
	Expect(w.SetRegistration(w.tenant, graphsim.RegistrationSpec{User: colleague, Methods: []string{
		"mobilePhone", "microsoftAuthenticatorPush", "softwareOneTimePasscode", "passKeyDeviceBound", "windowsHelloForBusiness",
		"macOsSecureEnclaveKey", "email", "externalAuthMethod",
	}})).To(Succeed())
	status, body := w.send(http.MethodPost, "/users/"+colleague+"/authentication/temporaryAccessPassMethods", "{}")
	Expect(status).To(Equal(http.StatusCreated), "%s", body)
	names := []string{"{colleague}", colleague}
	for collection, model := range methodModels() {
		_, body := w.send(http.MethodGet, "/users/"+colleague+"/authentication/"+collection, "")
		value, _, err := decode(body, model[0])
		Expect(err).NotTo(HaveOccurred())
		names = append(names, "{"+collection+"}", firstID(value))
	}
	return names
}

// firstID is the id of the first element of a collection.
func firstID(collection serialization.Parsable) string {
	GinkgoHelper()
	id := ""
	walk(collection, "", func(path string, holder serialization.AdditionalDataHolder) {
		if e, ok := holder.(models.Entityable); ok && strings.HasSuffix(path, "[0]") {
			id = *e.GetId()
		}
	})
	Expect(id).NotTo(BeEmpty())
	return id
}

// methodAnswers are about authentication methods.
func methodAnswers() map[graphsim.Endpoint]answer {
	const base = "/users/{id}/authentication/"
	all := map[graphsim.Endpoint]answer{
		{Method: http.MethodPost, Template: base + "temporaryAccessPassMethods"}: {
			"/users/{user}/authentication/temporaryAccessPassMethods", models.CreateTemporaryAccessPassAuthenticationMethodFromDiscriminatorValue,
			`{"isUsableOnce":true,"lifetimeInMinutes":60}`,
		},
		{Method: http.MethodGet, Template: "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/temporaryAccessPass"}: {
			"/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/temporaryAccessPass",
			models.CreateTemporaryAccessPassAuthenticationMethodConfigurationFromDiscriminatorValue, "",
		},
	}
	for collection, model := range methodModels() {
		path := "/users/{colleague}/authentication/" + collection
		all[graphsim.Endpoint{Method: http.MethodGet, Template: base + collection}] = answer{path, model[0], ""}
		all[graphsim.Endpoint{Method: http.MethodGet, Template: base + collection + "/{method}"}] = answer{path + "/{" + collection + "}", model[1], ""}
	}
	return all
}

// methodsWithoutBody are the removals.
func methodsWithoutBody() []graphsim.Endpoint {
	var all []graphsim.Endpoint
	for collection := range methodModels() {
		if collection != "methods" && collection != "passwordMethods" {
			all = append(all, graphsim.Endpoint{Method: http.MethodDelete, Template: "/users/{id}/authentication/" + collection + "/{method}"})
		}
	}
	return all
}
