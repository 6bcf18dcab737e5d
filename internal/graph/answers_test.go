package graph_test

import (
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/graph"
	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// spoilt are the ways of graphsim to spoil an answer.
func spoilt() []graphsim.FaultKind {
	return []graphsim.FaultKind{graphsim.FaultHalfClosed, graphsim.FaultCorrupt, graphsim.FaultContentType, graphsim.FaultHuge}
}

var _ = Describe("A spoilt answer", func() {
	for _, kind := range spoilt() {
		for _, after := range []bool{false, true} {
			if kind == graphsim.FaultHuge && !after {
				continue // it takes long, and is cut off before anybody could tell
			}
			fault := graphsim.Fault{Kind: kind, After: after, Count: 1, Bytes: 33 << 20}
			when := "before the effect"
			if after {
				when = "after the effect"
			}

			DescribeTable("to a change leaves its outcome unknown: "+string(kind)+" "+when,
				func(change func(w *world, id string) error) {
					w := newWorld(graphsim.TenantSpec{SKUs: []graphsim.SKUSpec{{PartNumber: "SPB", Enabled: 1}}})
					id := w.user(map[string]any{"userPrincipalName": "alice@" + contoso, "usageLocation": "DE"})
					Expect(w.client.Identity(background)).Error().NotTo(HaveOccurred()) // and has a token
					w.fault(fault)
					e := refusal(change(w, id))
					Expect(e.Kind).To(Equal(directory.KindTransient), e.Error())
					Expect(e.OutcomeUnknown).To(BeTrue(), e.Error())
					Expect(w.Faults()[0].Injected).To(Equal(1))
					if after {
						Expect(w.Counters(w.tenant).Effects).NotTo(BeEmpty())
					} else {
						Expect(w.Counters(w.tenant).Effects).To(BeEmpty())
					}
				},
				Entry("204", func(w *world, id string) error {
					_, err := w.client.SetEnabled(background, id, false)
					return err
				}),
				Entry("200", func(w *world, id string) error {
					_, err := w.client.RevokeSessions(background, id)
					return err
				}),
				Entry("201", func(w *world, _ string) error {
					_, _, err := w.client.CreateUser(background, directory.NewUser{
						UserPrincipalName: "bob@" + contoso, DisplayName: "Bob", MailNickname: "bob", Password: "Xy7!correct-horse", Enabled: true,
					})
					return err
				}),
			)

			DescribeTable("is no reading: "+string(kind)+" "+when, func(read func(w *world, id string) error) {
				w := newWorld(graphsim.TenantSpec{})
				id := w.user(map[string]any{"userPrincipalName": "alice@" + contoso})
				Expect(w.client.Identity(background)).Error().NotTo(HaveOccurred()) // and has a token
				w.fault(fault)
				e := refusal(read(w, id))
				Expect(e.Kind).To(Equal(directory.KindTransient), e.Error())
				Expect(e.OutcomeUnknown).To(BeFalse())
				Expect(read(w, id)).To(Succeed())
			},
				Entry("of changes", func(w *world, _ string) error {
					_, err := w.client.UserChanges(background, "")
					return err
				}),
				Entry("of one account", func(w *world, id string) error {
					_, err := w.client.User(background, id)
					return err
				}),
				Entry("of namesakes", func(w *world, _ string) error {
					_, err := w.client.Namesakes(background, "alice@"+contoso)
					return err
				}),
				Entry("of all pages", func(w *world, _ string) error {
					_, err := w.client.Domains(background)
					return err
				}),
				Entry("of one page", func(w *world, _ string) error {
					_, err := w.client.Managers(background, "")
					return err
				}),
				Entry("of a refusal", func(w *world, _ string) error {
					_, err := w.client.User(background, "nobody@"+contoso)
					if directory.KindOf(err) == directory.KindNotFound {
						return nil
					}
					return err
				}),
			)

			It("of the login host is its trouble: "+string(kind)+" "+when, func() {
				w := newWorld(graphsim.TenantSpec{})
				f := fault
				f.Path, f.Count = "/oauth2/v2.0/token", 0
				w.fault(f)
				_, err := w.client.Organization(background)
				e := refusal(err)
				Expect(e.Kind).To(Equal(directory.KindTransient), e.Error())
				Expect(w.Faults()[0].Injected).To(BeNumerically(">", 0))
				Expect(e.Error()).NotTo(ContainSubstring(w.ClientSecret()))
				Expect(e.Error()).NotTo(Or(ContainSubstring("access_token"), ContainSubstring("<html>")))
				Expect(w.RemoveFault(0)).To(BeTrue())
				Expect(w.client.Organization(background)).To(HaveField("ID", w.tenant))
			})
		}
	}

	It("of a page that leads to itself ends the reading", func() {
		w := newWorld(graphsim.TenantSpec{})
		w.fault(graphsim.Fault{Kind: graphsim.FaultLoop})
		_, err := w.client.Domains(background)
		Expect(refusal(err).Kind).To(Equal(directory.KindTransient))
		Expect(err).To(MatchError(ContainSubstring("leads to itself")))
		Expect(w.Faults()[0].Injected).To(Equal(2))
	})

	DescribeTable("that Graph could not have given", func(body string) {
		s := newStub(graph.CloudGlobal, ok(body), ok(body), ok(body), ok(body), ok(body))
		for _, read := range []func() error{
			func() error { _, err := s.client.Domains(background); return err },
			func() error { _, err := s.client.Registrations(background, ""); return err },
			func() error { _, err := s.client.User(background, idA); return err },
			func() error { _, err := s.client.Group(background, idA); return err },
			func() error { _, err := s.client.SecurityDefaults(background); return err },
		} {
			e := refusal(read())
			Expect(e.Kind).To(Equal(directory.KindTransient), e.Error())
		}
		Expect(s.requests).To(HaveLen(5))
	},
		Entry("an object of nothing", `{}`),
		Entry("another API's", `{"status":"ok"}`),
		Entry("null", `null`),
	)
})

var _ = Describe("A refusal by somebody between us and Graph", func() {
	page := func(status int) stubAnswer {
		return stubAnswer{status: status, header: map[string]string{"Content-Type": "text/html"}, body: "<html>" + strings.Repeat("x", 100) + "</html>"}
	}

	DescribeTable("says nothing of the directory", func(answer stubAnswer, kind directory.Kind, unknown bool) {
		s := newStub(graph.CloudGlobal, answer, answer)
		_, err := s.client.User(background, idA)
		e := refusal(err)
		Expect(e.Kind).To(Equal(kind), e.Error())
		Expect(e.OutcomeUnknown).To(BeFalse())
		_, err = s.client.SetEnabled(background, idA, false)
		e = refusal(err)
		Expect(e.Kind).To(Equal(kind), e.Error())
		Expect(e.OutcomeUnknown).To(Equal(unknown))
	},
		Entry("not found", page(http.StatusNotFound), directory.KindTransient, true),
		Entry("forbidden", page(http.StatusForbidden), directory.KindTransient, true),
		Entry("not authenticated", page(http.StatusUnauthorized), directory.KindTransient, true),
		Entry("bad request", page(http.StatusBadRequest), directory.KindTransient, true),
		Entry("conflict", page(http.StatusConflict), directory.KindTransient, true),
		Entry("an outage", page(http.StatusBadGateway), directory.KindTransient, true),
		Entry("not implemented", page(http.StatusNotImplemented), directory.KindTransient, true),
		Entry("half of Graph's", stubAnswer{status: http.StatusNotFound, body: `{"error":{"code":"Request_Res`}, directory.KindTransient, true),
		Entry("another API's", stubAnswer{status: http.StatusForbidden, body: `{"message":"blocked by policy"}`}, directory.KindTransient, true),
		Entry("but too many requests are too many for anybody", page(http.StatusTooManyRequests), directory.KindThrottled, false),
		Entry("but what is gone is gone, whatever is said", page(http.StatusGone), directory.KindResync, false),
		Entry("but Graph's own tells", refused(http.StatusNotFound, "Request_ResourceNotFound", "x"), directory.KindNotFound, false),
		Entry("nothing but not found", stubAnswer{status: http.StatusNotFound}, directory.KindTransient, true),
		Entry("nothing but forbidden", stubAnswer{status: http.StatusForbidden}, directory.KindTransient, true),
		Entry("nothing but not authenticated", stubAnswer{status: http.StatusUnauthorized}, directory.KindTransient, true),
		Entry("nothing but a conflict", stubAnswer{status: http.StatusConflict}, directory.KindTransient, true),
		Entry("but nothing but gone is gone", stubAnswer{status: http.StatusGone}, directory.KindResync, false),
		Entry("but nothing but too many requests is too many", stubAnswer{status: http.StatusTooManyRequests}, directory.KindThrottled, false),
		Entry("but Graph's bare status is believed", stubAnswer{
			status: http.StatusNotFound, header: map[string]string{"request-id": "r"},
		}, directory.KindNotFound, false),
	)

	It("is no success of a change, even where it says nothing", func() {
		s := newStub(graph.CloudGlobal, stubAnswer{status: http.StatusOK}, stubAnswer{status: http.StatusNoContent})
		_, err := s.client.SetEnabled(background, idA, false)
		Expect(refusal(err).OutcomeUnknown).To(BeTrue())
		_, err = s.client.SetEnabled(background, idA, false)
		Expect(err).NotTo(HaveOccurred())
	})
})
