package sdkspec_test

import (
	"net/http"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// accounts makes what the answers about the life of accounts need, and returns the
// names for it.
func (w *world) accounts() []string {
	GinkgoHelper()
	names := []string{}
	for _, name := range []string{"{deleted}", "{restorable}"} {
		id, err := w.AddUser(w.tenant, map[string]any{"userPrincipalName": "gone-" + name[1:len(name)-1] + "@adventure-works.com"})
		Expect(err).NotTo(HaveOccurred())
		Expect(w.DeleteUser(w.tenant, id)).To(Succeed())
		names = append(names, name, id)
	}
	dump, err := w.Dump(w.tenant)
	Expect(err).NotTo(HaveOccurred())
	for _, u := range dump.Tenants[0].Users {
		if u["manager"] != nil && u["deletedDateTime"] == nil {
			names = append(names, "{report}", u["id"].(string), "{head}", u["manager"].(string))
			break
		}
	}
	return names
}

// accountAnswers are about accounts that come and go, their managers and mailboxes.
func accountAnswers() map[graphsim.Endpoint]answer {
	get := func(template string) graphsim.Endpoint {
		return graphsim.Endpoint{Method: http.MethodGet, Template: template}
	}
	object, objects := models.CreateDirectoryObjectFromDiscriminatorValue, models.CreateDirectoryObjectCollectionResponseFromDiscriminatorValue
	people, settings := models.CreateUserCollectionResponseFromDiscriminatorValue, models.CreateMailboxSettingsFromDiscriminatorValue
	return map[graphsim.Endpoint]answer{
		{Method: http.MethodPost, Template: "/users"}: {"/users", models.CreateUserFromDiscriminatorValue, `{
			"accountEnabled":true,"displayName":"Nell Neu","mailNickname":"nell","userPrincipalName":"nell@adventure-works.com",
			"passwordProfile":{"password":"Frueh-ling-2026"}}`},
		get("/directory/deletedItems/microsoft.graph.user"): {"/directory/deletedItems/microsoft.graph.user?$select={every}", people, ""},
		get("/directory/deletedItems/{id}"):                 {"/directory/deletedItems/{deleted}", object, ""},
		{Method: http.MethodPost, Template: "/directory/deletedItems/{id}/restore"}: {
			"/directory/deletedItems/{restorable}/restore", object, `{"autoReconcileProxyConflict":true}`,
		},
		get("/users/{id}/manager"):                            {"/users/{report}/manager?$select=id,displayName", object, ""},
		get("/users/{id}/manager/$ref"):                       {"/users/{report}/manager/$ref", object, ""},
		get("/users/{id}/directReports"):                      {"/users/{head}/directReports", objects, ""},
		get("/users/{id}/directReports/microsoft.graph.user"): {"/users/{head}/directReports/microsoft.graph.user", people, ""},
		get("/users/{id}/mailboxSettings"):                    {"/users/{user}/mailboxSettings", settings, ""},
		{Method: http.MethodPatch, Template: "/users/{id}/mailboxSettings"}: {"/users/{user}/mailboxSettings", settings, `{
			"timeZone":"Europe/London","automaticRepliesSetting":{"status":"alwaysEnabled","internalReplyMessage":"Away"}}`},
	}
}

// accountsWithoutBody answer 204, and one answers with a word that Microsoft has no
// model for.
func accountsWithoutBody() []graphsim.Endpoint {
	return []graphsim.Endpoint{
		{Method: http.MethodDelete, Template: "/users/{id}"},
		{Method: http.MethodDelete, Template: "/directory/deletedItems/{id}"},
		{Method: http.MethodPut, Template: "/users/{id}/manager/$ref"},
		{Method: http.MethodDelete, Template: "/users/{id}/manager/$ref"},
		{Method: http.MethodGet, Template: "/users/{id}/mailboxSettings/userPurpose"},
	}
}

var _ = Describe("Microsoft's models of accounts", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	It("read what a mailbox is for, and its settings [GS-SDK-02]", func() {
		_, body := w.send(http.MethodGet, "/users/frank@adventure-works.com/mailboxSettings", "")
		value, _, err := decode(body, models.CreateMailboxSettingsFromDiscriminatorValue)
		Expect(err).NotTo(HaveOccurred())
		mailbox := value.(models.MailboxSettingsable)
		Expect(mailbox.GetUserPurpose()).To(HaveValue(Equal(models.USER_USERPURPOSE)))
		Expect(mailbox.GetAutomaticRepliesSetting().GetStatus()).To(HaveValue(Equal(models.DISABLED_AUTOMATICREPLIESSTATUS)))
		Expect(mailbox.GetLanguage().GetLocale()).To(HaveValue(Equal("en-GB")))
		Expect(mailbox.GetWorkingHours().GetStartTime().String()).To(Equal("08:00:00"))
	})

	It("read a manager that was asked for with the account [GS-SDK-02]", func() {
		_, body := w.send(http.MethodGet, "/users?$select=id,displayName&$top=999&$expand=manager($select=id,userPrincipalName)", "")
		value, unknown, err := decode(body, models.CreateUserCollectionResponseFromDiscriminatorValue)
		Expect(err).NotTo(HaveOccurred())
		Expect(unknown).To(BeEmpty())
		led := 0
		for _, u := range value.(models.UserCollectionResponseable).GetValue() {
			if manager, ok := u.GetManager().(models.Userable); ok {
				Expect(manager.GetUserPrincipalName()).To(HaveValue(ContainSubstring("@adventure-works")))
				led++
			}
		}
		Expect(led).To(BeNumerically(">", 20))
	})
})
