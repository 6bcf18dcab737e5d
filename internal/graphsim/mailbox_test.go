package graphsim_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

var _ = Describe("A mailbox", func() {
	var (
		w  *world
		id string
	)
	BeforeEach(func() {
		w = newWorld()
		w.grant(append(graphsim.DefaultPermissions(), "MailboxSettings.ReadWrite"), userAdmin)
		id = w.user("alice", map[string]any{"preferredLanguage": "de-DE", "assignedLicenses": []any{map[string]any{"skuId": "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46"}}})
	})
	path := func(key string) string { return "/users/" + key + "/mailboxSettings" }
	purpose := func() any { return w.get(path(id)).body["userPurpose"] }

	It("tells what it is for and how it is set [GS-MAILBOX-01]", func() {
		a := w.get(path("alice@contoso.example"))
		Expect(a.body).To(And(HaveKeyWithValue("userPurpose", "user"), HaveKeyWithValue("timeZone", "UTC"),
			HaveKeyWithValue("language", map[string]any{"locale": "de-DE", "displayName": "German (Germany)"}),
			HaveKeyWithValue("automaticRepliesSetting", And(HaveKeyWithValue("status", "disabled"), HaveKeyWithValue("internalReplyMessage", ""))),
			HaveKeyWithValue("workingHours", HaveKeyWithValue("startTime", "08:00:00.0000000")),
			HaveKeyWithValue("@odata.context", w.URL()+"/v1.0/$metadata#users('"+id+"')/mailboxSettings")))
		Expect(w.get(path(id) + "?$select=userPurpose").body).To(And(HaveKeyWithValue("userPurpose", "user"), Not(HaveKey("timeZone"))))
		refused(400, "BadRequest")(w.get(path(id) + "?$select=colour"))
		Expect(w.get(path(id) + "/userPurpose").body).To(HaveKeyWithValue("value", "user"))
		Expect(w.get(path(id)).header).NotTo(HaveKey("X-Ms-Resource-Unit"))
	})

	It("is not there for everybody, nor for everybody to see [GS-MAILBOX-02]", func() {
		w.user("bob", map[string]any{"mail": "bob@contoso.example"})
		refused(404, "MailboxNotEnabledForRESTAPI")(w.get(path("bob@contoso.example")))
		refused(404, "MailboxNotEnabledForRESTAPI")(w.call(http.MethodPatch, path("bob@contoso.example"), `{"timeZone":"UTC"}`))
		refused(404, "ErrorInvalidUser")(w.get(path("nobody@contoso.example")))
		w.grant([]string{"User.ReadWrite.All", "Directory.Read.All"})
		refused(403, "ErrorAccessDenied")(w.get(path(id)))
		w.grant([]string{"MailboxSettings.Read"})
		Expect(w.get(path(id) + "/userPurpose").status).To(Equal(http.StatusOK))
		refused(403, "ErrorAccessDenied")(w.call(http.MethodPatch, path(id), `{"timeZone":"UTC"}`))
	})

	It("takes settings [GS-MAILBOX-03]", func() {
		a := w.call(http.MethodPatch, path(id), `{"@odata.type":"#microsoft.graph.mailboxSettings","timeZone":"W. Europe Standard Time","language":{"locale":"en-GB"},
			"dateFormat":"dd/MM/yyyy","timeFormat":"HH:mm","delegateMeetingMessageDeliveryOptions":"sendToDelegateAndPrincipal",
			"automaticRepliesSetting":{"status":"AlwaysEnabled","externalAudience":"none","internalReplyMessage":"I have left."}}`)
		Expect(a.status).To(Equal(http.StatusOK), a.raw)
		Expect(a.body).To(And(HaveKeyWithValue("timeZone", "W. Europe Standard Time"), Not(HaveKey("userPurpose"))))
		Expect(w.get(path(id)).body).To(And(HaveKeyWithValue("timeZone", "W. Europe Standard Time"), HaveKeyWithValue("timeFormat", "HH:mm"),
			HaveKeyWithValue("dateFormat", "dd/MM/yyyy"), HaveKeyWithValue("delegateMeetingMessageDeliveryOptions", "sendToDelegateAndPrincipal"),
			HaveKeyWithValue("language", HaveKeyWithValue("locale", "en-GB")),
			HaveKeyWithValue("automaticRepliesSetting", And(HaveKeyWithValue("status", "alwaysEnabled"), HaveKeyWithValue("internalReplyMessage", "I have left.")))))
		again := `{"automaticRepliesSetting":{"status":"alwaysEnabled"}}`
		Expect(w.call(http.MethodPatch, path(id), again).status).To(Equal(http.StatusOK))
		Expect(w.effects()).To(Equal(map[graphsim.Effect]uint64{graphsim.EffectMailbox: 1}), "nothing changed")
		Expect(w.call(http.MethodPatch, path(id), `{"automaticRepliesSetting":{"status":"disabled"}}`).status).To(Equal(http.StatusOK))
		Expect(w.get(path(id)).body["automaticRepliesSetting"]).To(HaveKeyWithValue("internalReplyMessage", "I have left."), "parts that are not named stay")
		Expect(w.Counters(w.tenant).Writes).To(BeEquivalentTo(3))
		Expect(fmt.Sprint(w.Requests(w.tenant))).NotTo(ContainSubstring("I have left"))
	})

	DescribeTable("refuses settings", func(body string, status int, code string) {
		refused(status, code)(w.call(http.MethodPatch, path(id), body))
		Expect(w.effects()).To(BeEmpty())
	},
		Entry("that are read-only [GS-MAILBOX-03]", `{"timeZone":"UTC","userPurpose":"shared"}`, 400, "ErrorInvalidRequest"),
		Entry("that there are none [GS-MAILBOX-03]", `{"colour":"red"}`, 400, "BadRequest"),
		Entry("without a time zone [GS-MAILBOX-03]", `{"timeZone":"Berlin"}`, 400, "TimeZoneNotSupportedException"),
		Entry("of a wrong type [GS-MAILBOX-03]", `{"dateFormat":7}`, 400, "ErrorInvalidRequest"),
		Entry("with an unknown word [GS-MAILBOX-03]", `{"delegateMeetingMessageDeliveryOptions":"never"}`, 400, "ErrorInvalidRequest"),
		Entry("with a locale that is none [GS-MAILBOX-03]", `{"language":{"locale":"x"}}`, 400, "ErrorInvalidRequest"),
		Entry("with an unknown status [GS-MAILBOX-03]", `{"automaticRepliesSetting":{"status":"maybe"}}`, 400, "ErrorInvalidRequest"),
		Entry("with a schedule without times [GS-MAILBOX-03]", `{"automaticRepliesSetting":{"status":"scheduled"}}`, 400, "ErrorInvalidRequest"),
		Entry("that end before they start [GS-MAILBOX-03]", `{"automaticRepliesSetting":{"status":"scheduled","scheduledStartDateTime":{"dateTime":"2026-03-09T00:00:00","timeZone":"UTC"},"scheduledEndDateTime":{"dateTime":"2026-03-02T00:00:00","timeZone":"UTC"}}}`, 400, "ErrorInvalidRequest"),
		Entry("that the simulator lacks [GS-SIM-01]", `{"workingHours":{}}`, 501, "NotSimulated"),
		Entry("that are no JSON [GS-MAILBOX-03]", `{`, 400, "BadRequest"),
	)

	It("is converted by an administrator of Exchange, and outlives the licence [GS-MAILBOX-04]", func() {
		convert := func(key, body string) answer {
			GinkgoHelper()
			return w.send(http.MethodPut, w.URL()+"/_sim/tenants/"+w.tenant+"/users/"+key+"/mailbox", body, nil)
		}
		Expect(convert("alice@contoso.example", `{"purpose":"shared"}`).status).To(Equal(http.StatusNoContent))
		Expect(purpose()).To(Equal("shared"))
		Expect(w.effects()).To(BeEmpty())
		Expect(w.PatchUser(w.tenant, id, map[string]any{"assignedLicenses": []any{}})).To(Succeed())
		Expect(purpose()).To(Equal("shared"))
		Expect(convert(id, `{"timeZone":"Europe/Berlin"}`).status).To(Equal(http.StatusNoContent))
		Expect(w.get(path(id)).body).To(And(HaveKeyWithValue("timeZone", "Europe/Berlin"), HaveKeyWithValue("userPurpose", "shared")))
		w.user("bob")
		for key, body := range map[string]string{"bob@contoso.example": `{"timeZone":"UTC"}`, id: `{"purpose":"mine"}`, "nobody": `{"purpose":"user"}`} {
			Expect(convert(key, body).status).To(Equal(http.StatusBadRequest), key)
		}
		state, err := w.User(w.tenant, id)
		Expect(err).NotTo(HaveOccurred())
		Expect(state.Mailbox).To(Equal(graphsim.MailboxShared))
		dump, err := w.Dump(w.tenant)
		Expect(err).NotTo(HaveOccurred())
		Expect(dump.Tenants[0].Mailboxes).To(ConsistOf(graphsim.MailboxSpec{User: id, Purpose: graphsim.MailboxShared, TimeZone: "Europe/Berlin"}))
	})

	It("is open to an app 10,000 times in ten minutes [GS-LIMIT-10]", func() {
		other := w.user("bob", map[string]any{"assignedLicenses": []any{map[string]any{"skuId": "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46"}}})
		var parts []string
		for i := range 20 {
			parts = append(parts, fmt.Sprintf(`{"id":"%d","method":"GET","url":"%s/userPurpose"}`, i, path(id)))
		}
		twenty := `{"requests":[` + strings.Join(parts, ",") + `]}`
		for range 10000 / len(parts) {
			a := w.call(http.MethodPost, "/$batch", twenty)
			Expect(strings.Count(a.raw, `"status":200`)).To(Equal(len(parts)), a.raw)
		}
		a := w.get(path("alice@contoso.example"))
		refused(429, "TooManyRequests")(a)
		Expect(a.header.Get("Retry-After")).To(Equal("600"))
		Expect(w.get(path(other)).status).To(Equal(http.StatusOK))
		w.Step(10 * time.Minute)
		Expect(w.get(path(id)).status).To(Equal(http.StatusOK))
	})

	It("takes four requests at a time [GS-LIMIT-10]", func() {
		_, err := w.AddFault(graphsim.Fault{Kind: graphsim.FaultDelay, DelaySeconds: 60, Path: "/users/{id}/mailboxSettings"})
		Expect(err).NotTo(HaveOccurred())
		var (
			served  sync.WaitGroup
			refusal atomic.Int32
			good    atomic.Int32
		)
		for range 5 {
			served.Go(func() {
				defer GinkgoRecover()
				switch a := w.get(path(id)); a.status {
				case http.StatusOK:
					good.Add(1)
				case http.StatusTooManyRequests:
					Expect(a.code()).To(Equal("ApplicationThrottled"))
					refusal.Add(1)
				}
			})
		}
		Eventually(refusal.Load).Should(BeEquivalentTo(1))
		Eventually(w.clock.HasWaiters).Should(BeTrue())
		Eventually(func() int32 { w.clock.Step(time.Minute); return good.Load() }).Should(BeEquivalentTo(4))
		served.Wait()
		w.RemoveFault(0)
		Expect(w.get(path(id)).status).To(Equal(http.StatusOK))
	})
})
