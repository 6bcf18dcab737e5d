package graphsim_test

import (
	"encoding/json"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// unset lists the fields that are zero in every element they occur in. Parts that
// are written in another form count as set.
func unset(v reflect.Value, path string, set map[string]bool) {
	switch v.Kind() { //nolint:exhaustive // the others hold nothing
	case reflect.Slice:
		for i := range v.Len() {
			unset(v.Index(i), path, set)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			name := path + "." + v.Type().Field(i).Name
			set[name] = set[name] || !v.Field(i).IsZero()
			unset(v.Field(i), name, set)
		}
	}
}

var _ = Describe("A fixture", func() {
	const tenant = "5b0d1a5e-0000-4000-8000-00000000b001"
	var (
		w   *world
		raw []byte
	)
	BeforeEach(func() {
		w = newWorld()
		var err error
		raw, err = os.ReadFile("testdata/fixture.json")
		Expect(err).NotTo(HaveOccurred())
	})
	sim := func(method, path, body string) answer {
		GinkgoHelper()
		return w.send(method, w.URL()+"/_sim"+path, body, nil)
	}

	It("comes back as it was loaded, whatever it can say [GS-SIM-09]", func() {
		Expect(sim(http.MethodPost, "/fixture", string(raw)).status).To(Equal(http.StatusNoContent))
		dumped := sim(http.MethodGet, "/fixture", "")
		var got, want struct{ Apps, Tenants []map[string]any }
		Expect(json.Unmarshal([]byte(dumped.raw), &got)).To(Succeed())
		Expect(json.Unmarshal(raw, &want)).To(Succeed())
		Expect(got.Apps).To(ContainElement(want.Apps[0]))
		Expect(got.Tenants).To(HaveLen(2))
		Expect(got.Tenants[1]).To(Equal(want.Tenants[0]))

		fixture, err := graphsim.ReadFixture(strings.NewReader(string(raw)))
		Expect(err).NotTo(HaveOccurred())
		set := map[string]bool{".Apps.Secret": true, ".Apps.Certificates": true} // short for Secrets; tried below
		unset(reflect.ValueOf(fixture), "", set)
		Expect(set).To(HaveEach(BeTrue()), "testdata/fixture.json must set every field there is")
	})

	It("comes back from tenants that were seeded and lived [GS-SIM-09]", func() {
		s := seeded(3, 60)
		adventure := s.Tenants()[2].ID
		ids, err := s.UserIDs(adventure)
		Expect(err).NotTo(HaveOccurred())
		Expect(s.PatchUser(adventure, ids[0], map[string]any{"accountEnabled": false, "mobilePhone": nil})).To(Succeed())
		Expect(s.DeleteUser(adventure, ids[10])).To(Succeed())
		Expect(s.PurgeUser(adventure, ids[11])).To(Succeed())
		cert, _ := certificate(1)
		Expect(s.SetCertificates(s.ClientID(), cert)).To(Succeed())
		first, err := s.Dump("")
		Expect(err).NotTo(HaveOccurred())

		other, err := graphsim.New(graphsim.Options{Seed: 99, Clock: w.clock})
		Expect(err).NotTo(HaveOccurred())
		text, err := json.Marshal(first)
		Expect(err).NotTo(HaveOccurred())
		read, err := graphsim.ReadFixture(strings.NewReader(string(text)))
		Expect(err).NotTo(HaveOccurred())
		Expect(other.Load(read)).To(Succeed())
		second, err := other.Dump("")
		Expect(err).NotTo(HaveOccurred())
		again, err := json.Marshal(second.Tenants)
		Expect(err).NotTo(HaveOccurred())
		Expect(again).To(MatchJSON(mustMarshal(first.Tenants)))
		Expect(second.Apps).To(ContainElement(first.Apps[0]))
		Expect(other.Tenants()).To(Equal(s.Tenants()))
	})

	It("makes a tenant anew, whose delta links end [GS-DELTA-20]", func() {
		_, last := w.all("/users/delta?$select=id")
		other, err := w.AddTenant(graphsim.TenantSpec{DisplayName: "Other"})
		Expect(err).NotTo(HaveOccurred())
		own := w.bearer
		w.bearer = w.token(other, nil).body["access_token"].(string)
		refused(400, "syncStateNotFound")(w.get(last.link("deltaLink")))
		w.bearer = own
		Expect(w.get(last.link("deltaLink")).status).To(Equal(http.StatusOK))
		w.Step(time.Second)
		dump, err := w.Dump(w.tenant)
		Expect(err).NotTo(HaveOccurred())
		Expect(w.Load(dump)).To(Succeed())
		Expect(w.Tenants()).To(HaveLen(2))
		refused(400, "syncStateNotFound")(w.get(last.link("deltaLink")))
	})

	DescribeTable("that is wrong changes nothing [GS-SIM-10]", func(from, to, complaint string) {
		text := strings.Replace(string(raw), from, to, 1)
		Expect(text).NotTo(Equal(string(raw)))
		a := sim(http.MethodPost, "/fixture", text)
		Expect(a.status).To(Equal(http.StatusBadRequest))
		Expect(a.raw).To(ContainSubstring(complaint))
		Expect(w.Tenants()).To(HaveLen(1))
		Expect(w.SetSecret("5b0d1a5e-0000-4000-8000-00000000a001", "x", time.Time{})).To(MatchError(ContainSubstring("no app")))
	},
		Entry("no JSON", "{", "", "read fixture"),
		Entry("unknown name", `"apps"`, `"aps"`, "aps"),
		Entry("unknown property", `"jobTitle": null`, `"colour": null`, "colour"),
		Entry("unknown product", "SPE_E5", "SPE_E99", "SPE_E99"),
		Entry("unknown role", "729827e3-9c14-49f7-bb1b-9608f156bbb8", "Janitor", "Janitor"),
		Entry("unknown role of the app", "fe930be7-5e62-47db-91af-98c3a49a38b1", "Janitor", "Janitor"),
		Entry("unknown eligible role", `"role": "62e90394-69f5-4237-9190-012177145e10"`, `"role": "Janitor"`, "Janitor"),
		Entry("hidden state of nobody", `"user": "5b0d1a5e-0000-4000-8000-00000000c002"`, `"user": "nobody"`, "nobody"),
		Entry("the same id twice", `"id": "5b0d1a5e-0000-4000-8000-00000000c002"`, `"id": "5b0d1a5e-0000-4000-8000-00000000c001"`, "is taken"),
		Entry("unknown client", `"Connect"`, `"Pigeon"`, "Pigeon"),
		Entry("a certificate that is none", `"displayName": "Portal"`, `"displayName": "Portal", "certificates": ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]`, "5b0d1a5e"),
	)

	It("keeps the tenant as it was dumped for whoever asks Graph [GS-SIM-09]", func() {
		Expect(sim(http.MethodPost, "/fixture", string(raw)).status).To(Equal(http.StatusNoContent))
		Expect(w.SetGrant(tenant, graphsim.Grant{ClientID: w.ClientID(), Permissions: graphsim.DefaultPermissions()})).To(Succeed())
		w.bearer = w.token(tenant, nil).body["access_token"].(string)
		Expect(ids(w.get("/users").values())).To(Equal([]string{"5b0d1a5e-0000-4000-8000-00000000c001"}))
		Expect(w.get("/subscribedSkus").values()).To(ConsistOf(HaveKeyWithValue("consumedUnits", 1.0)))
		w.Step(30 * time.Minute)
		Expect(w.get("/users/ada@treyresearch.net?$select=accountEnabled,jobTitle").body).
			To(And(HaveKeyWithValue("accountEnabled", false), HaveKeyWithValue("jobTitle", "Researcher")))
	})
})

func mustMarshal(v any) []byte {
	GinkgoHelper()
	raw, err := json.Marshal(v)
	Expect(err).NotTo(HaveOccurred())
	return raw
}
