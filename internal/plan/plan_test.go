package plan_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/plan"
)

var (
	now      = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	earlier  = now.Add(-time.Hour)
	baseline = earlier.Format(time.RFC3339)
)

type inputOption func(*plan.Input)

func input(options ...inputOption) plan.Input {
	in := plan.Input{
		Spec: &v1alpha1.ManagedUserSpec{}, Generation: 3, Now: now, Settle: time.Minute,
		GroupsBegun: now, AppRolesBegun: now, RolesBegun: now,
		User: directory.User{
			ID: "id", Enabled: directory.Yes, UserType: "Member",
			LastPasswordChange: earlier, SessionsValidFrom: earlier,
		},
	}
	for _, o := range options {
		o(&in)
	}
	return in
}

func suspended(value bool) inputOption {
	return func(in *plan.Input) { in.Spec.Suspended = &value }
}

func latch(value bool) inputOption {
	return func(in *plan.Input) { in.Spec.ForcePasswordChange = &value }
}

func since(t time.Time) inputOption {
	return func(in *plan.Input) { s := metav1.NewTime(t); in.Spec.PasswordChangedSince = &s }
}

func record(name, value string, phase v1alpha1.RecordPhase, at time.Time, base string) inputOption {
	return func(in *plan.Input) {
		in.Records = append(in.Records, v1alpha1.Record{
			Name: name, Value: value, Cause: "generation/1", Phase: phase, Baseline: base, Time: metav1.NewTime(at),
		})
	}
}

func adoptedRecord(name, value string) inputOption {
	return func(in *plan.Input) {
		in.Records = append(in.Records, v1alpha1.Record{
			Name: name, Value: value, Cause: plan.CauseAdopted, Phase: v1alpha1.PhaseDone, Baseline: baseline,
			Time: metav1.NewTime(earlier),
		})
	}
}

func blocked(in *plan.Input)    { in.User.Enabled = directory.No }
func unknown(in *plan.Input)    { in.User.Enabled = directory.Unknown }
func adopting(in *plan.Input)   { in.Adopting = true }
func live(in *plan.Input)       { in.Live = true }
func said(in *plan.Input)       { in.BlockedElsewhere = true }
func federated(in *plan.Input)  { in.Federated = directory.Yes }
func guest(in *plan.Input)      { in.User.UserType = "guest" }
func pwChanged(in *plan.Input)  { in.User.LastPasswordChange = now.Add(-time.Minute) }
func revokedNow(in *plan.Input) { in.User.SessionsValidFrom = now.Add(-time.Minute) }
func synced(in *plan.Input) {
	in.User.OnPremises = directory.OnPremises{Synced: directory.Yes, SAMAccountName: "alice", Domain: "corp.contoso.com"}
}

func actions(p plan.Plan) []plan.Action {
	var all []plan.Action
	for _, c := range p.Changes() {
		all = append(all, c.Action)
	}
	return all
}

func phases(p plan.Plan) map[string]v1alpha1.RecordPhase {
	all := map[string]v1alpha1.RecordPhase{}
	for _, r := range p.Records() {
		all[r.Name] = r.Phase
	}
	return all
}

const (
	isSuspended = "suspended=true"
	isAllowed   = "suspended=false"
	isLatched   = "forcePasswordChange=true"

	owed    = v1alpha1.PhaseOwed
	started = v1alpha1.PhaseStarted
	done    = v1alpha1.PhaseDone
)

type want struct {
	actions   []plan.Action
	phases    map[string]v1alpha1.RecordPhase
	reason    v1alpha1.Reason
	status    metav1.ConditionStatus
	needsLive bool
	wake      time.Duration
}

func check(w want, options ...inputOption) {
	GinkgoHelper()
	p := plan.For(input(options...))
	Expect(actions(p)).To(Equal(w.actions))
	if w.phases == nil {
		w.phases = map[string]v1alpha1.RecordPhase{}
	}
	Expect(phases(p)).To(Equal(w.phases))
	Expect(p.NeedsLive).To(Equal(w.needsLive), "NeedsLive")
	Expect(p.WakeAfter).To(Equal(w.wake), "WakeAfter")
	if w.reason == "" {
		Expect(p.Facets).To(BeEmpty())
		return
	}
	Expect(p.Facets).To(HaveLen(1))
	Expect(p.Facets[0].Verdict.Reason).To(Equal(w.reason))
	Expect(p.Facets[0].Verdict.Status).To(Equal(w.status))
	Expect(p.Facets[0].Verdict.Message).NotTo(BeEmpty())
}

func entry(text string, w want, options ...inputOption) TableEntry {
	return Entry(text, w, options)
}

func block() []plan.Action  { return []plan.Action{plan.BlockSignIn} }
func allow() []plan.Action  { return []plan.Action{plan.AllowSignIn} }
func revoke() []plan.Action { return []plan.Action{plan.RevokeSessions} }
func ask() []plan.Action    { return []plan.Action{plan.RequirePasswordChange} }
func both() []plan.Action   { return []plan.Action{plan.BlockSignIn, plan.RevokeSessions} }

func signIn(p v1alpha1.RecordPhase) map[string]v1alpha1.RecordPhase {
	return map[string]v1alpha1.RecordPhase{plan.RecordSignIn: p}
}

func signInSessions(a, b v1alpha1.RecordPhase) map[string]v1alpha1.RecordPhase {
	return map[string]v1alpha1.RecordPhase{plan.RecordSignIn: a, plan.RecordSessions: b}
}

func password(p v1alpha1.RecordPhase) map[string]v1alpha1.RecordPhase {
	return map[string]v1alpha1.RecordPhase{plan.RecordPasswordChange: p}
}

var (
	yes   = metav1.ConditionTrue
	no    = metav1.ConditionFalse
	maybe = metav1.ConditionUnknown
)

var _ = DescribeTable("suspended: true",
	func(w want, options []inputOption) { check(w, append(options, suspended(true))...) },
	entry("owes both steps before the first", want{both(), signInSessions(owed, owed), v1alpha1.ReasonSucceeded, yes, false, 0}),
	entry("revokes on an account blocked already", want{revoke(), signInSessions(done, owed), v1alpha1.ReasonSucceeded, yes, false, 0}, blocked),
	entry("adopts a blocked account without a revocation", want{nil, signInSessions(done, done), v1alpha1.ReasonSucceeded, yes, false, 0}, blocked, adopting),
	entry("blocks an open account even while adopting", want{both(), signInSessions(owed, owed), v1alpha1.ReasonSucceeded, yes, false, 0}, adopting),
	entry("does nothing when all is done", want{nil, signInSessions(done, done), v1alpha1.ReasonSucceeded, yes, false, 0}, blocked,
		record(plan.RecordSignIn, isSuspended, done, earlier, ""), record(plan.RecordSessions, isSuspended, done, earlier, baseline)),
	entry("reads the account before it calls a difference drift", want{block(), signInSessions(done, done), v1alpha1.ReasonSucceeded, yes, true, 0},
		record(plan.RecordSignIn, isSuspended, done, earlier, ""), record(plan.RecordSessions, isSuspended, done, earlier, baseline)),
	entry("blocks again, without another revocation", want{block(), signInSessions(done, done), v1alpha1.ReasonSucceeded, yes, false, 0}, live,
		record(plan.RecordSignIn, isSuspended, done, earlier, ""), record(plan.RecordSessions, isSuspended, done, earlier, baseline)),
	entry("repeats a block of unknown outcome at once", want{both(), signInSessions(started, owed), v1alpha1.ReasonSucceeded, yes, false, 0},
		record(plan.RecordSignIn, isSuspended, started, now, ""), record(plan.RecordSessions, isSuspended, owed, earlier, "")),
	entry("takes a block that shows as done and goes on", want{revoke(), signInSessions(done, owed), v1alpha1.ReasonSucceeded, yes, false, 0}, blocked,
		record(plan.RecordSignIn, isSuspended, started, now, ""), record(plan.RecordSessions, isSuspended, owed, earlier, "")),
	entry("waits before it settles a revocation", want{nil, signInSessions(done, started), v1alpha1.ReasonProgressing, maybe, false, 30 * time.Second}, blocked,
		record(plan.RecordSignIn, isSuspended, done, earlier, ""), record(plan.RecordSessions, isSuspended, started, now.Add(-30*time.Second), baseline)),
	entry("then reads", want{nil, signInSessions(done, started), v1alpha1.ReasonProgressing, maybe, true, 0}, blocked,
		record(plan.RecordSignIn, isSuspended, done, earlier, ""), record(plan.RecordSessions, isSuspended, started, earlier, baseline)),
	entry("repeats it only when the reading shows it did not happen", want{revoke(), signInSessions(done, owed), v1alpha1.ReasonSucceeded, yes, false, 0}, blocked, live,
		record(plan.RecordSignIn, isSuspended, done, earlier, ""), record(plan.RecordSessions, isSuspended, started, earlier, baseline)),
	entry("takes a revocation that shows as done", want{nil, signInSessions(done, done), v1alpha1.ReasonSucceeded, yes, false, 0}, blocked, revokedNow,
		record(plan.RecordSignIn, isSuspended, done, earlier, ""), record(plan.RecordSessions, isSuspended, started, earlier, baseline)),
	entry("says where to finish on a synchronized account", want{nil, signInSessions(done, done), v1alpha1.ReasonMasteredOnPremises, no, false, 0}, blocked, synced,
		record(plan.RecordSignIn, isSuspended, done, earlier, ""), record(plan.RecordSessions, isSuspended, done, earlier, baseline)),
	entry("starts anew after suspended: false", want{both(), signInSessions(owed, owed), v1alpha1.ReasonSucceeded, yes, false, 0},
		record(plan.RecordSignIn, isAllowed, done, earlier, "")),
	entry("waits while it is not told whether sign-in is blocked", want{nil, signInSessions(done, done), v1alpha1.ReasonWaiting, maybe, false, 0}, unknown,
		record(plan.RecordSignIn, isSuspended, done, earlier, ""), record(plan.RecordSessions, isSuspended, done, earlier, baseline)),
)

var _ = DescribeTable("suspended: false",
	func(w want, options []inputOption) { check(w, append(options, suspended(false))...) },
	entry("records what is so already", want{nil, signIn(done), v1alpha1.ReasonSucceeded, yes, false, 0}),
	entry("opens once after the spec's change", want{allow(), signIn(owed), v1alpha1.ReasonSucceeded, yes, false, 0}, blocked),
	entry("opens what we blocked", want{allow(), signIn(owed), v1alpha1.ReasonSucceeded, yes, false, 0}, blocked,
		record(plan.RecordSignIn, isSuspended, done, earlier, ""), record(plan.RecordSessions, isSuspended, done, earlier, baseline)),
	entry("reads before it says somebody else blocked", want{nil, signIn(done), v1alpha1.ReasonBlockedElsewhere, no, true, 0}, blocked,
		record(plan.RecordSignIn, isAllowed, done, earlier, "")),
	entry("leaves an account blocked by others", want{nil, signIn(done), v1alpha1.ReasonBlockedElsewhere, no, false, 0}, blocked, live,
		record(plan.RecordSignIn, isAllowed, done, earlier, "")),
	entry("does not read again what it said before", want{nil, signIn(done), v1alpha1.ReasonBlockedElsewhere, no, false, 0}, blocked, said,
		record(plan.RecordSignIn, isAllowed, done, earlier, "")),
	entry("does not open while adopting", want{nil, signIn(done), v1alpha1.ReasonBlockedElsewhere, no, false, 0}, blocked, adopting, live),
	entry("waits before it settles", want{nil, signIn(started), v1alpha1.ReasonProgressing, maybe, false, time.Minute}, blocked,
		record(plan.RecordSignIn, isAllowed, started, now, "")),
	entry("opens again when a late reading shows it blocked", want{allow(), signIn(owed), v1alpha1.ReasonSucceeded, yes, false, 0}, blocked, live,
		record(plan.RecordSignIn, isAllowed, started, earlier, "")),
	entry("takes an opening that shows as done", want{nil, signIn(done), v1alpha1.ReasonSucceeded, yes, false, 0},
		record(plan.RecordSignIn, isAllowed, started, earlier, "")),
)

var _ = DescribeTable("forcePasswordChange: true",
	func(w want, options []inputOption) { check(w, append(options, latch(true))...) },
	entry("reads Graph's baseline first", want{ask(), password(owed), v1alpha1.ReasonWaiting, no, true, 0}),
	entry("asks", want{ask(), password(owed), v1alpha1.ReasonWaiting, no, false, 0}, live),
	entry("waits for the person", want{nil, password(done), v1alpha1.ReasonWaiting, no, false, 0},
		record(plan.RecordPasswordChange, isLatched, done, earlier, baseline)),
	entry("is satisfied when the value has moved", want{nil, password(done), v1alpha1.ReasonSucceeded, yes, false, 0}, pwChanged,
		record(plan.RecordPasswordChange, isLatched, done, earlier, baseline)),
	entry("is not performed when adopted, but said", want{nil, password(done), v1alpha1.ReasonAdopted, no, false, 0}, adopting),
	entry("stays said", want{nil, password(done), v1alpha1.ReasonAdopted, no, false, 0}, adoptedRecord(plan.RecordPasswordChange, isLatched)),
	entry("settles an unknown outcome by the value", want{nil, password(done), v1alpha1.ReasonSucceeded, yes, false, 0}, pwChanged,
		record(plan.RecordPasswordChange, isLatched, started, now, baseline)),
	entry("waits before it asks again", want{nil, password(started), v1alpha1.ReasonProgressing, maybe, false, time.Minute},
		record(plan.RecordPasswordChange, isLatched, started, now, baseline)),
	entry("asks again when a late reading shows no change", want{ask(), password(owed), v1alpha1.ReasonWaiting, no, false, 0}, live,
		record(plan.RecordPasswordChange, isLatched, started, earlier, baseline)),
	entry("does not apply to federated accounts", want{nil, nil, v1alpha1.ReasonNotApplicable, no, false, 0}, federated),
	entry("does not apply to guests", want{nil, nil, v1alpha1.ReasonNotApplicable, no, false, 0}, guest),
	entry("is refused where Active Directory masters the password", want{nil, nil, v1alpha1.ReasonMasteredOnPremises, no, false, 0}, synced),
)

var _ = DescribeTable("passwordChangedSince",
	func(w want, options []inputOption) { check(w, append(options, since(now.Add(-30*time.Minute)))...) },
	entry("needs no memory once the value is later", want{nil, nil, v1alpha1.ReasonSucceeded, yes, false, 0}, pwChanged),
	entry("asks", want{ask(), password(owed), v1alpha1.ReasonWaiting, no, false, 0}, live),
	entry("asks while adopting too", want{ask(), password(owed), v1alpha1.ReasonWaiting, no, false, 0}, live, adopting),
	entry("asks once for one value", want{nil, password(done), v1alpha1.ReasonWaiting, no, false, 0},
		record(plan.RecordPasswordChange, "passwordChangedSince=2026-11-20T09:30:00Z", done, earlier, baseline)),
	entry("asks anew for another", want{ask(), password(owed), v1alpha1.ReasonWaiting, no, false, 0}, live,
		record(plan.RecordPasswordChange, "passwordChangedSince=2026-11-01T00:00:00Z", done, earlier, baseline)),
)

var _ = Describe("a plan", func() {
	It("declares nothing for a spec that says nothing", func() {
		check(want{})
		check(want{}, blocked, latch(false), record(plan.RecordSignIn, isSuspended, done, earlier, ""))
	})

	It("waits for a passwordChangedSince in the future", func() {
		check(want{reason: v1alpha1.ReasonWaiting, status: no, wake: time.Hour}, since(now.Add(time.Hour)))
	})

	It("refuses, rather than waits, where Active Directory masters the password", func() {
		Expect(plan.For(input(latch(true), synced)).Facets[0].Verdict.Refused).To(BeTrue())
	})

	It("names the account in Active Directory's own terms and counts", func() {
		in := input(suspended(true), synced, blocked)
		in.Records = []v1alpha1.Record{{Name: plan.RecordSignIn, Value: isSuspended, Phase: done, Count: 4}}
		Expect(plan.For(in).Facets[0].Verdict.Message).To(SatisfyAll(
			ContainSubstring(`corp.contoso.com\alice`), ContainSubstring("so far 4 times")))
	})
})
