package graph_test

import (
	"context"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/graph"
	"github.com/m365-operator/m365-operator/internal/graphsim"
	"github.com/m365-operator/m365-operator/internal/throttle"
)

const patchUser = "/users/{id}"

var _ = Describe("Changing a user", func() {
	It("blocks, revokes and asks for a new password, with receipts", func() {
		w := newWorld(graphsim.TenantSpec{})
		id := w.user(map[string]any{"userPrincipalName": "alice@" + contoso})
		before := w.Now().Truncate(time.Second)

		for _, change := range []func() (directory.Receipt, error){
			func() (directory.Receipt, error) { return w.client.SetEnabled(background, id, false) },
			func() (directory.Receipt, error) { return w.client.RevokeSessions(background, id) },
			func() (directory.Receipt, error) { return w.client.RequirePasswordChange(background, id) },
		} {
			receipt, err := change()
			Expect(err).NotTo(HaveOccurred())
			journal := w.Requests(w.tenant)
			Expect(receipt.RequestID).To(Equal(journal[len(journal)-1].RequestID))
			Expect(receipt.Time).To(BeTemporally(">=", before))
		}

		Expect(w.Counters(w.tenant).UserEffects[id]).To(Equal(map[graphsim.Effect]uint64{
			graphsim.EffectBlock: 1, graphsim.EffectRevoke: 1, graphsim.EffectPasswordForce: 1,
		}))
		state, err := w.User(w.tenant, id)
		Expect(err).NotTo(HaveOccurred())
		Expect(state.ForceChange).To(BeTrue())
		Expect(w.client.User(background, id)).To(HaveField("Enabled", directory.No))
		write := throttle.Cost{Class: throttle.Identity, ResourceUnits: 1, Writes: 1, Urgent: true}
		protective := write
		protective.Protective = true
		Expect(w.budget.reserved[:3]).To(Equal([]throttle.Cost{protective, protective, write}))
	})

	It("sends nothing but what is to change", func() {
		w := newWorld(graphsim.TenantSpec{})
		id := w.user(map[string]any{"userPrincipalName": "alice@" + contoso, "accountEnabled": false})
		_, err := w.client.SetEnabled(background, id, true)
		Expect(err).NotTo(HaveOccurred())
		_, err = w.client.RequirePasswordChange(background, id)
		Expect(err).NotTo(HaveOccurred())
		var fields [][]string
		for _, entry := range w.Requests(w.tenant) {
			if entry.Method == http.MethodPatch {
				fields = append(fields, entry.Fields)
			}
		}
		Expect(fields).To(HaveExactElements(ConsistOf("accountEnabled"), ConsistOf("passwordProfile")))
		Expect(w.Counters(w.tenant).Effects).NotTo(HaveKey(graphsim.EffectPasswordSet))
	})

	It("refuses a name in place of an object id, without a request", func() {
		w := newWorld(graphsim.TenantSpec{})
		for _, id := range []string{"", "alice@" + contoso, "../groups"} {
			_, err := w.client.SetEnabled(background, id, false)
			Expect(refusal(err).Kind).To(Equal(directory.KindInvalid))
		}
		Expect(w.Counters("").Requests).To(BeZero())
	})

	It("says that nothing is known after a lost answer", func() {
		for _, fault := range []graphsim.Fault{
			{Kind: graphsim.FaultReset, After: true},
			{Kind: graphsim.FaultHang, After: true},
			{Kind: graphsim.FaultStatus, Status: 503, After: true},
			{Kind: graphsim.FaultReset},
			{Kind: graphsim.FaultStatus, Status: 500},
		} {
			w := newWorld(graphsim.TenantSpec{})
			client := w.connect(func(o *graph.Options) { o.Timeout = 2 * time.Second })
			id := w.user(map[string]any{"userPrincipalName": "alice@" + contoso})
			fault.Method, fault.Path = http.MethodPatch, patchUser
			w.fault(fault)

			_, err := client.SetEnabled(background, id, false)

			e := refusal(err)
			Expect(e.Kind).To(Equal(directory.KindTransient), "%+v", fault)
			Expect(e.OutcomeUnknown).To(BeTrue(), "%+v", fault)
			Expect(w.Faults()[0].Injected).To(Equal(1), "and nobody repeated it: %+v", fault)
		}
	})

	It("knows that what was never sent had no effect", func() {
		w := newWorld(graphsim.TenantSpec{})
		id := w.user(map[string]any{"userPrincipalName": "alice@" + contoso})
		_, err := w.client.User(background, id) // a token is at hand
		Expect(err).NotTo(HaveOccurred())
		Expect(w.Close()).To(Succeed())
		w.transport.CloseIdleConnections()

		_, err = w.client.SetEnabled(background, id, false)

		e := refusal(err)
		Expect(e.Kind).To(Equal(directory.KindTransient))
		Expect(e.OutcomeUnknown).To(BeFalse())
	})

	It("never calls a refused reading uncertain", func() {
		w := newWorld(graphsim.TenantSpec{})
		w.fault(graphsim.Fault{Kind: graphsim.FaultStatus, Status: 500})
		_, err := w.client.User(background, "alice@"+contoso)
		Expect(refusal(err).OutcomeUnknown).To(BeFalse())
	})

	It("gives up when its caller does", func() {
		w := newWorld(graphsim.TenantSpec{})
		w.fault(graphsim.Fault{Kind: graphsim.FaultHang, Path: patchUser})
		ctx, cancel := context.WithTimeout(background, time.Second)
		defer cancel()
		_, err := w.client.User(ctx, "alice@"+contoso)
		Expect(refusal(err).Kind).To(Equal(directory.KindTransient))
		Expect(err).To(MatchError(context.DeadlineExceeded))
	})

	DescribeTable("is refused",
		func(prepare func(w *world), change func(w *world, id string) error, kind directory.Kind) {
			w := newWorld(graphsim.TenantSpec{Domains: []graphsim.DomainSpec{
				{Name: contoso, Default: true}, {Name: "federated.example", Federated: true},
			}})
			id := w.user(map[string]any{"userPrincipalName": "alice@" + contoso})
			prepare(w)
			Expect(refusal(change(w, id)).Kind).To(Equal(kind))
			Expect(w.Counters(w.tenant).Effects).To(BeEmpty())
		},
		Entry("without permission",
			func(w *world) {
				Expect(w.SetGrant(w.tenant, graphsim.Grant{ClientID: w.ClientID(), Permissions: []string{"User.Read.All"}})).To(Succeed())
			},
			func(w *world, id string) error { _, err := w.client.SetEnabled(background, id, false); return err },
			directory.KindForbidden),
		Entry("for an administrator",
			func(w *world) { Expect(w.AssignRole(w.tenant, "alice@"+contoso, "Global Administrator")).To(Succeed()) },
			func(w *world, id string) error { _, err := w.client.SetEnabled(background, id, false); return err },
			directory.KindForbidden),
		Entry("for nobody",
			func(*world) {},
			func(w *world, _ string) error {
				_, err := w.client.RevokeSessions(background, "11111111-2222-3333-4444-555555555555")
				return err
			},
			directory.KindNotFound),
	)

	It("tells apart what is mastered on premises", func() {
		w := newWorld(graphsim.TenantSpec{}, func(o *graphsim.Options) { o.SyncedBlock = graphsim.SyncedBlockRefuse })
		id := w.user(map[string]any{"userPrincipalName": "alice@" + contoso, "onPremisesSyncEnabled": true})
		_, err := w.client.SetEnabled(background, id, false)
		Expect(refusal(err).Kind).To(Equal(directory.KindMastered))
	})
})
