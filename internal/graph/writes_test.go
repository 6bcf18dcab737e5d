package graph_test

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/utils/clock"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/graph"
	"github.com/m365-operator/m365-operator/internal/throttle"
)

const sku = "05e9a617-0261-4cee-bb44-138d3ef5d965"

// write is a change with what it sends.
type write struct {
	change       func(*graph.Client) (directory.Receipt, error)
	method, path string
	body         string // %s is the stub's own address; empty is none
}

func writes() map[string]write {
	upper := strings.ToUpper
	return map[string]write{
		"sets attributes": {
			func(c *graph.Client) (directory.Receipt, error) {
				return c.UpdateUser(background, idA, directory.Attributes{
					directory.AttributeJobTitle: "Clerk", directory.AttributeBusinessPhone: "+49 1", directory.AttributeEmployeeID: "7",
				})
			},
			http.MethodPatch, "/users/" + idA, `{"jobTitle":"Clerk","businessPhones":["+49 1"],"employeeId":"7"}`,
		},
		"clears attributes": {
			func(c *graph.Client) (directory.Receipt, error) {
				return c.UpdateUser(background, idA, directory.Attributes{
					directory.AttributeJobTitle: "", directory.AttributeBusinessPhone: "", directory.AttributeMobilePhone: "",
				})
			},
			http.MethodPatch, "/users/" + idA, `{"jobTitle":null,"businessPhones":[],"mobilePhone":null}`,
		},
		"renames": {
			func(c *graph.Client) (directory.Receipt, error) {
				return c.RenameUser(background, idA, "zoë.o'brien@x")
			},
			http.MethodPatch, "/users/" + idA, `{"userPrincipalName":"zoë.o'brien@x"}`,
		},
		"blocks": {
			func(c *graph.Client) (directory.Receipt, error) { return c.SetEnabled(background, idA, false) },
			http.MethodPatch, "/users/" + idA, `{"accountEnabled":false}`,
		},
		"asks for a new password": {
			func(c *graph.Client) (directory.Receipt, error) { return c.RequirePasswordChange(background, idA) },
			http.MethodPatch, "/users/" + idA, `{"passwordProfile":{"forceChangePasswordNextSignIn":true}}`,
		},
		"revokes sessions": {
			func(c *graph.Client) (directory.Receipt, error) { return c.RevokeSessions(background, idA) },
			http.MethodPost, "/users/" + idA + "/revokeSignInSessions", ``,
		},
		"deletes": {
			func(c *graph.Client) (directory.Receipt, error) { return c.DeleteUser(background, upper(idA)) },
			http.MethodDelete, "/users/" + idA, ``,
		},
		"restores": {
			func(c *graph.Client) (directory.Receipt, error) { return c.RestoreUser(background, idA) },
			http.MethodPost, "/directory/deletedItems/" + idA + "/restore", ``,
		},
		"sets a manager": {
			func(c *graph.Client) (directory.Receipt, error) { return c.SetManager(background, idA, upper(idB)) },
			http.MethodPut, "/users/" + idA + "/manager/$ref", `{"@odata.id":"%s/v1.0/users/` + idB + `"}`,
		},
		"removes the link to a manager, not the manager": {
			func(c *graph.Client) (directory.Receipt, error) { return c.RemoveManager(background, idA) },
			http.MethodDelete, "/users/" + idA + "/manager/$ref", ``,
		},
		"assigns licences": {
			func(c *graph.Client) (directory.Receipt, error) {
				return c.AssignLicenses(background, idA, directory.LicenseChange{
					Add: []directory.License{{SKU: upper(sku), DisabledPlans: []string{upper(idC)}}, {SKU: idB}}, Remove: []string{upper(idA)},
				})
			},
			http.MethodPost, "/users/" + idA + "/assignLicense",
			`{"addLicenses":[{"skuId":"` + sku + `","disabledPlans":["` + idC + `"]},{"skuId":"` + idB + `","disabledPlans":[]}],"removeLicenses":["` + idA + `"]}`,
		},
		"sends both lists of licences, even when empty": {
			func(c *graph.Client) (directory.Receipt, error) {
				return c.AssignLicenses(background, idA, directory.LicenseChange{Remove: []string{sku}})
			},
			http.MethodPost, "/users/" + idA + "/assignLicense", `{"addLicenses":[],"removeLicenses":["` + sku + `"]}`,
		},
		"adds to a group": {
			func(c *graph.Client) (directory.Receipt, error) { return c.AddMember(background, group, idA) },
			http.MethodPost, "/groups/" + group + "/members/$ref", `{"@odata.id":"%s/v1.0/directoryObjects/` + idA + `"}`,
		},
		"removes the membership, not the account": {
			func(c *graph.Client) (directory.Receipt, error) { return c.RemoveMember(background, group, idA) },
			http.MethodDelete, "/groups/" + group + "/members/" + idA + "/$ref", ``,
		},
		"assigns an application's role": {
			func(c *graph.Client) (directory.Receipt, error) {
				return c.AssignAppRole(background, idA, idB, directory.DefaultAppRole)
			},
			http.MethodPost, "/users/" + idA + "/appRoleAssignments",
			`{"principalId":"` + idA + `","resourceId":"` + idB + `","appRoleId":"00000000-0000-0000-0000-000000000000"}`,
		},
		"removes an application's role": {
			func(c *graph.Client) (directory.Receipt, error) {
				return c.RemoveAppRole(background, idA, "41W1z_T6-J")
			},
			http.MethodDelete, "/users/" + idA + "/appRoleAssignments/41W1z_T6-J", ``,
		},
		"assigns a directory role": {
			func(c *graph.Client) (directory.Receipt, error) { return c.AssignRole(background, idA, idB, "/") },
			http.MethodPost, "/roleManagement/directory/roleAssignments",
			`{"principalId":"` + idA + `","roleDefinitionId":"` + idB + `","directoryScopeId":"/"}`,
		},
		"removes a directory role": {
			func(c *graph.Client) (directory.Receipt, error) { return c.RemoveRole(background, "lAPpYvVpN0K-1") },
			http.MethodDelete, "/roleManagement/directory/roleAssignments/lAPpYvVpN0K-1", ``,
		},
	}
}

// thawed is the context of a process that was frozen until after the context's deadline
// and goes on at this moment.
type thawed struct{ context.Context } //nolint:containedctx // it is one

func (thawed) Deadline() (time.Time, bool) { return clock.RealClock{}.Now().Add(-time.Second), true }

var _ = Describe("A change", func() {
	for name, w := range writes() {
		It(name, func() {
			done := stubAnswer{status: http.StatusNoContent, header: map[string]string{"request-id": "r", "Date": "Mon, 02 Mar 2026 09:00:00 GMT"}}
			s := newStub(graph.CloudGlobal, done)
			receipt, err := w.change(s.client)
			Expect(err).NotTo(HaveOccurred())
			Expect(receipt.RequestID).To(Equal("r"))
			Expect(receipt.Time.Unix()).To(BeEquivalentTo(1772442000))
			Expect(s.requests).To(HaveLen(1))
			Expect(s.requests[0].Method).To(Equal(w.method))
			Expect(s.asked()).To(HaveExactElements(w.path))
			if w.body == "" {
				Expect(s.bodies[0]).To(BeEmpty())
			} else {
				Expect(s.bodies[0]).To(MatchJSON(strings.ReplaceAll(w.body, "%s", s.URL)))
				Expect(s.requests[0].Header.Get("Content-Type")).To(Equal("application/json"))
			}
			Expect(s.budget.reserved).To(HaveExactElements(throttle.Cost{
				Class: throttle.Identity, ResourceUnits: 1, Writes: 1, Urgent: true,
				Protective: slices.Contains([]string{"blocks", "revokes sessions"}, name),
			}))
		})

		It(name+", or does not know", func() {
			s := newStub(graph.CloudGlobal, stubAnswer{status: http.StatusBadGateway})
			_, err := w.change(s.client)
			Expect(refusal(err)).To(HaveValue(And(HaveField("Kind", directory.KindTransient), HaveField("OutcomeUnknown", true))))
			Expect(s.requests).To(HaveLen(1), "and asked nobody again")
		})
	}

	DescribeTable("is not sent after its deadline, although no timer has fired since the process was frozen", func(ctx SpecContext, http2 bool, proto string) {
		done := stubAnswer{status: http.StatusNoContent}
		s := newStubOver(graph.CloudGlobal, http2, done, done)
		Expect(s.client.SetEnabled(ctx, idA, false)).Error().NotTo(HaveOccurred(), "with time left")
		Expect(s.requests[0].Proto).To(Equal(proto))
		for _, change := range []func(context.Context, string) (directory.Receipt, error){
			s.client.RevokeSessions, // which has no body
			func(ctx context.Context, id string) (directory.Receipt, error) {
				return s.client.SetEnabled(ctx, id, true)
			},
		} {
			_, err := change(thawed{ctx}, idA)
			Expect(refusal(err).Kind).To(Equal(directory.KindTransient))
			Expect(s.asked()).To(HaveLen(1))
		}
		Expect(s.client.RevokeSessions(ctx, idA)).Error().NotTo(HaveOccurred(), "with time again")
	},
		Entry("over HTTP/1.1", SpecTimeout(time.Minute), false, "HTTP/1.1"),
		Entry("over HTTP/2", SpecTimeout(time.Minute), true, "HTTP/2.0"),
	)

	It("is not sent when its deadline comes between the last look at it and the writing", func(ctx SpecContext) {
		done := stubAnswer{status: http.StatusNoContent}
		s := newStubOver(graph.CloudGlobal, true, done, done)
		Expect(s.client.SetEnabled(ctx, idA, false)).Error().NotTo(HaveOccurred(), "with time left")

		short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
		ended, wrote := make(chan struct{}), make(chan struct{})
		held := sync.OnceFunc(func() { <-ended })
		_, err := s.client.RevokeSessions(httptrace.WithClientTrace(short, &httptrace.ClientTrace{
			WroteHeaderField: func(string, []string) { held() }, // the connection is the request's now
			WroteHeaders:     func() { close(wrote) },
		}), idA)
		Expect(err).To(MatchError(context.DeadlineExceeded))
		close(ended) // the goroutine that writes outlives the call
		Eventually(ctx, wrote).Should(BeClosed())
		Consistently(ctx, s.asked).WithTimeout(200 * time.Millisecond).Should(HaveLen(1))
		Expect(s.client.RevokeSessions(ctx, idA)).Error().NotTo(HaveOccurred(), "on another connection")
	}, SpecTimeout(time.Minute))

	DescribeTable("sends nothing", func(change func(*graph.Client) error) {
		s := newStub(graph.CloudGlobal)
		err := change(s.client)
		Expect(refusal(err).Kind).To(Equal(directory.KindInvalid))
		Expect(s.requests).To(BeEmpty())
	},
		Entry("without an attribute", func(c *graph.Client) error { _, err := c.UpdateUser(background, idA, nil); return err }),
		Entry("for an attribute of another kind", func(c *graph.Client) error {
			_, err := c.UpdateUser(background, idA, directory.Attributes{"accountEnabled": "false"})
			return err
		}),
		Entry("to create with an attribute of another kind", func(c *graph.Client) error {
			_, _, err := c.CreateUser(background, directory.NewUser{Attributes: directory.Attributes{"otherMails": "x"}})
			return err
		}),
		Entry("to a name", func(c *graph.Client) error { _, err := c.RenameUser(background, "a@x", "b@x"); return err }),
		Entry("to delete a name", func(c *graph.Client) error { _, err := c.DeleteUser(background, "a@x"); return err }),
		Entry("to delete nobody", func(c *graph.Client) error { _, err := c.DeleteUser(background, ""); return err }),
		Entry("to restore a name", func(c *graph.Client) error { _, err := c.RestoreUser(background, "a@x"); return err }),
		Entry("for a manager's name", func(c *graph.Client) error { _, err := c.SetManager(background, idA, "b@x"); return err }),
		Entry("for no manager", func(c *graph.Client) error { _, err := c.SetManager(background, idA, ""); return err }),
		Entry("for no account's manager", func(c *graph.Client) error { _, err := c.RemoveManager(background, ".."); return err }),
		Entry("for no licence", func(c *graph.Client) error {
			_, err := c.AssignLicenses(background, idA, directory.LicenseChange{})
			return err
		}),
		Entry("for a licence's name", func(c *graph.Client) error {
			_, err := c.AssignLicenses(background, idA, directory.LicenseChange{Add: []directory.License{{SKU: "SPE_E3"}}})
			return err
		}),
		Entry("for a plan's name", func(c *graph.Client) error {
			_, err := c.AssignLicenses(background, idA, directory.LicenseChange{Add: []directory.License{{SKU: sku, DisabledPlans: []string{"YAMMER"}}}})
			return err
		}),
		Entry("to remove a licence's name", func(c *graph.Client) error {
			_, err := c.AssignLicenses(background, idA, directory.LicenseChange{Remove: []string{"SPE_E3"}})
			return err
		}),
		Entry("to a group's name", func(c *graph.Client) error { _, err := c.AddMember(background, "Sales", idA); return err }),
		Entry("to remove nobody", func(c *graph.Client) error { _, err := c.RemoveMember(background, group, ""); return err }),
		Entry("for an application's name", func(c *graph.Client) error { _, err := c.AssignAppRole(background, idA, "MSPortal", idB); return err }),
		Entry("to remove no application's role", func(c *graph.Client) error { _, err := c.RemoveAppRole(background, idA, ""); return err }),
		Entry("for a role's name", func(c *graph.Client) error { _, err := c.AssignRole(background, idA, "Reader", "/"); return err }),
		Entry("for no scope", func(c *graph.Client) error { _, err := c.AssignRole(background, idA, idB, ""); return err }),
		Entry("to remove no role", func(c *graph.Client) error { _, err := c.RemoveRole(background, ""); return err }),
		Entry("to remove what leads elsewhere", func(c *graph.Client) error { _, err := c.RemoveRole(background, "../roleDefinitions/"+idB); return err }),
		Entry("to remove what is above", func(c *graph.Client) error { _, err := c.RemoveRole(background, ".."); return err }),
		Entry("for a pass for a name", func(c *graph.Client) error { _, _, err := c.CreateTemporaryAccessPass(background, "a@x"); return err }),
	)

	DescribeTable("is refused by what it asks for", func(change func(*graph.Client) error, answer stubAnswer, kind directory.Kind) {
		s := newStub(graph.CloudGlobal, answer)
		Expect(refusal(change(s.client)).Kind).To(Equal(kind))
	},
		Entry("a synced group", func(c *graph.Client) error { _, err := c.AddMember(background, group, idA); return err },
			refused(400, "Request_BadRequest", "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration."), directory.KindUnwritable),
		Entry("a dynamic group", func(c *graph.Client) error { _, err := c.RemoveMember(background, group, idA); return err },
			refused(400, "Request_BadRequest", "Updates to the membership of a dynamic group are not allowed."), directory.KindUnwritable),
		Entry("a role that may hold roles", func(c *graph.Client) error { _, err := c.AddMember(background, group, idA); return err },
			refused(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."), directory.KindForbidden),
		Entry("a role that is assigned", func(c *graph.Client) error { _, err := c.AssignRole(background, idA, idB, "/"); return err },
			refused(409, "Request_MultipleObjectsWithSameKeyValue", "A conflicting object with one or more of the specified property values is present in the directory."), directory.KindExists),
		Entry("a role that is assigned, as a bad request", func(c *graph.Client) error { _, err := c.AssignRole(background, idA, idB, "/"); return err },
			refused(400, "Request_BadRequest", "A conflicting object with one or more of the specified property values is present in the directory."), directory.KindExists),
		Entry("a manager mastered on premises", func(c *graph.Client) error { _, err := c.SetManager(background, idA, idB); return err },
			refused(400, "Request_BadRequest", "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration."), directory.KindMastered),
		Entry("a pass that the policy forbids", func(c *graph.Client) error { _, _, err := c.CreateTemporaryAccessPass(background, idA); return err },
			refused(400, "badRequest", "x"), directory.KindPolicy),
		Entry("a pass without permission", func(c *graph.Client) error { _, _, err := c.CreateTemporaryAccessPass(background, idA); return err },
			refused(403, "accessDenied", "x"), directory.KindForbidden),
	)
})

var _ = Describe("Making an account", func() {
	want := directory.NewUser{
		UserPrincipalName: "zoe@contoso.example", DisplayName: "Zoë O'Brien", MailNickname: "zoe", Password: "s3cret-Pass", Enabled: true,
		Attributes: directory.Attributes{directory.AttributeJobTitle: "Clerk", directory.AttributeBusinessPhone: "+49 1", directory.AttributeCity: ""},
	}

	It("sends what it takes, and tells what was made", func() {
		s := newStub(graph.CloudGlobal, stubAnswer{
			status: http.StatusCreated, header: map[string]string{"request-id": "r"},
			body: `{"id":"` + strings.ToUpper(idA) + `","userPrincipalName":"zoe@contoso.example","displayName":"Zoë O'Brien","jobTitle":"Clerk","businessPhones":["+49 1"]}`,
		})
		made, receipt, err := s.client.CreateUser(background, want)
		Expect(err).NotTo(HaveOccurred())
		Expect(receipt.RequestID).To(Equal("r"))
		Expect(made).To(HaveValue(And(HaveField("ID", idA), HaveField("UserPrincipalName", "zoe@contoso.example"),
			HaveField("Enabled", directory.Unknown), HaveField("Profile", BeNil()), HaveField("Licenses", BeNil()))))
		Expect(s.asked()).To(HaveExactElements("/users"))
		Expect(s.requests[0].Method).To(Equal(http.MethodPost))
		Expect(s.bodies[0]).To(MatchJSON(`{"accountEnabled":true,"displayName":"Zoë O'Brien","mailNickname":"zoe","userPrincipalName":"zoe@contoso.example",
			"passwordProfile":{"password":"s3cret-Pass","forceChangePasswordNextSignIn":true},"jobTitle":"Clerk","businessPhones":["+49 1"]}`))
	})

	DescribeTable("does not know whether it was made", func(answer stubAnswer) {
		s := newStub(graph.CloudGlobal, answer)
		_, _, err := s.client.CreateUser(background, want)
		Expect(refusal(err)).To(HaveValue(And(HaveField("Kind", directory.KindTransient), HaveField("OutcomeUnknown", true))))
		Expect(err.Error()).NotTo(ContainSubstring("s3cret"))
		Expect(s.requests).To(HaveLen(1), "and asked nobody again")
	},
		Entry("in an outage", stubAnswer{status: http.StatusServiceUnavailable}),
		Entry("from a broken answer", stubAnswer{status: http.StatusCreated, body: `{"id":`}),
		Entry("from an answer without an id", stubAnswer{status: http.StatusCreated, body: `{}`}),
	)

	It("tells when the name is taken", func() {
		s := newStub(graph.CloudGlobal, stubAnswer{status: 400, body: `{"error":{"code":"Request_BadRequest","message":"Another object with the same value for property userPrincipalName already exists.","details":[{"code":"ObjectConflict","message":"x","target":"userPrincipalName"}]}}`})
		_, _, err := s.client.CreateUser(background, want)
		Expect(refusal(err)).To(HaveValue(And(HaveField("Kind", directory.KindConflict), HaveField("OutcomeUnknown", false))))
	})
})
