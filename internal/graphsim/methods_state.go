package graphsim

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// Collections of authentication methods below /users/{id}/authentication
// (resources/authenticationmethods-overview.md).
const (
	collectionPassword      = "passwordMethods"
	collectionPhone         = "phoneMethods"
	collectionAuthenticator = "microsoftAuthenticatorMethods"
	collectionSoftwareOath  = "softwareOathMethods"
	collectionFIDO2         = "fido2Methods"
	collectionWindowsHello  = "windowsHelloForBusinessMethods"
	collectionPlatform      = "platformCredentialMethods"
	collectionEmail         = "emailMethods"
	collectionExternal      = "externalAuthenticationMethods"
	collectionAccessPass    = "temporaryAccessPassMethods"
)

// Ids that are the same for everybody (resources/passwordauthenticationmethod.md,
// phoneauthenticationmethod.md, emailauthenticationmethod.md).
const (
	passwordMethodID        = "28c10230-6103-485e-b985-444c60001490" //nolint:gosec // an id
	mobileMethodID          = "3179e48a-750b-4051-897c-87b9720928f7"
	alternateMobileMethodID = "b6332ec1-7057-4abe-9331-3d72feddfe41"
	officeMethodID          = "e37fc753-ff3b-4958-9484-eaa9425c82bc"
	emailMethodID           = "3ddfcfc8-9383-446f-83cc-3ab9be4be18f"
)

// authMethod is one authentication method as Graph shows it. words are what it is
// called in the registration report: removing the method removes them.
type authMethod struct {
	collection string
	id         string
	words      []string
	members    []jsonMember // after the id
}

// methodType is the resource type of a collection's elements.
func methodType(collection string) string {
	switch collection {
	case collectionExternal:
		return "#microsoft.graph.externalAuthenticationMethod"
	default:
		return "#microsoft.graph." + strings.TrimSuffix(collection, "Methods") + "AuthenticationMethod"
	}
}

// methodCollection is where a method of the registration report is found; empty for
// what v1.0 does not show: hardware tokens and security questions.
func methodCollection(word string) string {
	switch word {
	case "mobilePhone", "alternateMobilePhone", "officePhone":
		return collectionPhone
	case "microsoftAuthenticatorPush", "microsoftAuthenticatorPasswordless":
		return collectionAuthenticator
	case "softwareOneTimePasscode":
		return collectionSoftwareOath
	case "fido2SecurityKey", "passKeyDeviceBound", "passKeyDeviceBoundAuthenticator", "passKeyDeviceBoundWindowsHello":
		return collectionFIDO2
	case "windowsHelloForBusiness":
		return collectionWindowsHello
	case "macOsSecureEnclaveKey":
		return collectionPlatform
	case "email":
		return collectionEmail
	case "externalAuthMethod":
		return collectionExternal
	default:
		return ""
	}
}

// authMethods are the methods of an account: its password, what the person
// registered, and a Temporary Access Pass. Of external guests the password is at home.
func (t *tenant) authMethods(r *userRecord, now time.Time) []authMethod {
	u := r.current
	var methods []authMethod
	if !externalGuest(u) {
		methods = append(methods, authMethod{
			collection: collectionPassword, id: passwordMethodID,
			members: []jsonMember{{"password", nil}, {"createdDateTime", u.time(propLastPasswordChange)}},
		})
	}
	reg := t.registrations[u.id]
	for _, word := range reg.methods {
		collection := methodCollection(word)
		authenticator := func(m authMethod) bool { return m.collection == collectionAuthenticator }
		if i := slices.IndexFunc(methods, authenticator); i >= 0 && collection == collectionAuthenticator {
			methods[i].words = append(methods[i].words, word) // the same app, used in two ways
			continue
		}
		if collection != "" {
			methods = append(methods, t.registered(u, reg, collection, word))
		}
	}
	if pass, ok := t.passes[u.id]; ok {
		methods = append(methods, authMethod{collection: collectionAccessPass, id: pass.id, members: t.passMembers(u.id, pass, now)})
	}
	return methods
}

// externalGuest reports whether another tenant authenticates the account.
func externalGuest(u *user) bool { return strings.Contains(strings.ToUpper(u.upn()), "#EXT#") }

// registered is a method as its type shows it.
func (t *tenant) registered(u *user, reg registration, collection, word string) authMethod {
	m := authMethod{collection: collection, words: []string{word}, id: guid(t.seed, t.id, u.id, word, graphTime(reg.since))}
	created := jsonMember{"createdDateTime", reg.since}
	switch collection {
	case collectionPhone:
		m.id, m.members = t.phone(u, word)
	case collectionAuthenticator:
		m.members = []jsonMember{created, {"displayName", "iPhone"}, {"deviceTag", "SoftwareTokenActivated"}, {"phoneAppVersion", "6.8.15"}}
	case collectionSoftwareOath:
		m.members = []jsonMember{{"secretKey", nil}}
	case collectionFIDO2:
		sum := digest(t.seed, t.id, u.id, word, graphTime(reg.since))
		m.id = base64.RawURLEncoding.EncodeToString(sum[:16])
		m.members = []jsonMember{
			created,
			{"displayName", "Security key"},
			{"aaGuid", "2fc0579f-8113-47ea-b116-555a8db9202a"},
			{"model", "NFC key"},
			{"attestationCertificates", []string{}},
			{"attestationLevel", "attested"},
		}
	case collectionWindowsHello:
		m.members = []jsonMember{created, {"displayName", "Laptop"}, {"keyStrength", "normal"}}
	case collectionPlatform:
		m.members = []jsonMember{created, {"displayName", "MacBook"}, {"keyStrength", "normal"}, {"platform", "macOS"}}
	case collectionEmail:
		m.id, m.members = emailMethodID, []jsonMember{{"emailAddress", privateAddress(u)}}
	case collectionExternal:
		m.members = []jsonMember{created, {"displayName", "External provider"}, {"configurationId", guid(t.seed, t.id, "external method")}}
	}
	return m
}

// phone is a phone method. The number is the one of the address book, if there is one.
func (t *tenant) phone(u *user, word string) (id string, members []jsonMember) {
	id, kind, sms, number := mobileMethodID, "mobile", "notAllowedByPolicy", u.str(propMobilePhone)
	switch word {
	case "alternateMobilePhone":
		id, kind, sms, number = alternateMobileMethodID, "alternateMobile", "notSupported", ""
	case "officePhone":
		v, _ := u.get(propBusinessPhones)
		id, kind, sms, number = officeMethodID, "office", "notSupported", ""
		if phones, _ := v.([]string); len(phones) > 0 {
			number = phones[0]
		}
	}
	if number == "" {
		number = "+1 206 555 01" + pad(int(digest(t.seed, u.id, word)[0])%100, 2)
	}
	country, rest, _ := strings.Cut(number, " ")
	number = country + " " + strings.ReplaceAll(rest, " ", "")
	return id, []jsonMember{{"phoneNumber", number}, {"phoneType", kind}, {"smsSignInState", sms}}
}

// privateAddress is where a person wants to be written to about a lost password.
func privateAddress(u *user) string {
	v, _ := u.get(propOtherMails)
	if mails, _ := v.([]string); len(mails) > 0 {
		return mails[0]
	}
	nickname, _, _ := strings.Cut(u.upn(), "@")
	return nickname + "@home.example"
}

// isDefault reports whether a second factor is asked by this method.
func (reg registration) isDefault(m authMethod) bool {
	preferred := reg.preferred
	if preferred == "" {
		preferred = systemPreferred(reg.methods)
	}
	switch preferred {
	case "push":
		return m.collection == collectionAuthenticator
	case "oath":
		return m.collection == collectionSoftwareOath
	case "sms", "voiceMobile":
		return m.id == mobileMethodID
	case "voiceAlternateMobile":
		return m.id == alternateMobileMethodID
	case "voiceOffice":
		return m.id == officeMethodID
	default:
		return false
	}
}

// without is the registration after a method was removed.
func (reg registration) without(m authMethod) registration {
	if reg.isDefault(m) {
		reg.preferred = ""
	}
	reg.methods = slices.DeleteFunc(slices.Clone(reg.methods), func(word string) bool { return slices.Contains(m.words, word) })
	return reg
}

// removable refuses to remove a method that others hang on
// (api/phoneauthenticationmethod-delete.md).
func (reg registration) removable(m authMethod) error {
	if m.id == mobileMethodID && slices.Contains(reg.methods, "alternateMobilePhone") {
		return methodRefused("The mobile phone cannot be deleted while an alternate mobile phone is registered.")
	}
	if reg.isDefault(m) && slices.ContainsFunc(reg.without(m).methods, strongMethod) {
		return methodRefused("The requested authentication method id of [" + m.id + "] matches the user's current default authentication method, and cannot be deleted until the default authentication method is changed")
	}
	return nil
}
