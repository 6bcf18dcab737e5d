package controllers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/kube"
	"github.com/m365-operator/m365-operator/internal/outcome"
	"github.com/m365-operator/m365-operator/internal/plan"
)

// Names of the records of an account's life.
const (
	// recordCreate remembers the attempt to make the account; its baseline is Graph's
	// time before it.
	recordCreate = "Create"
	// recordRestore remembers the attempt to restore it.
	recordRestore = "Restore"
)

// errDone ends a pass whose status says all there is to say.
var errDone = errors.New("nothing more to do in this pass")

// namesakeRetry is how often a name that stands in the way is looked at again.
const namesakeRetry = 10 * time.Minute

// ensureAccount makes the account, or restores it, when there is none and the spec says
// so.
func (r *ManagedUserReconciler) ensureAccount(ctx context.Context, s *userScope) error {
	if !s.missing {
		return nil
	}
	change := plan.Change{Action: plan.CreateAccount, Record: recordCreate, To: s.user.Spec.UserPrincipalName}
	work := r.createAccount
	if s.user.Spec.ID != "" {
		change = plan.Change{Action: plan.RestoreAccount, Record: recordRestore, From: string(v1alpha1.StateDeleted), To: string(v1alpha1.StateActive)}
		work = r.restoreAccount
	}
	result := facetResult{facet: plan.Facet{Condition: v1alpha1.ConditionAccount, Changes: []plan.Change{change}}}
	if s.observing {
		result.pending = result.facet.Changes
		s.facets = append(s.facets, result)
		return errDone
	}
	err := work(ctx, s, change)
	if err == nil {
		return r.recallCredential(ctx, s)
	}
	if isVoid(err) {
		return err
	}
	result.pending, result.problem = result.facet.Changes, outcome.Classify(err)
	s.facets = append(s.facets, result)
	return err
}

// createAccount looks at what stands in the way, settles an earlier attempt, and makes
// the account.
func (r *ManagedUserReconciler) createAccount(ctx context.Context, s *userScope, change plan.Change) error {
	dir, err := s.directory()
	if err != nil {
		return err
	}
	if err := r.yield(ctx, s); err != nil {
		return err
	}
	upn := s.user.Spec.UserPrincipalName
	attempt, tried := creationAttempt(s.user)
	if tried {
		upn = attemptedName(attempt) // whatever the spec says by now
	}
	namesakes, err := dir.Namesakes(ctx, upn)
	if err != nil {
		return err
	}
	for i := range namesakes.Accounts {
		account := &namesakes.Accounts[i]
		switch {
		case !strings.EqualFold(account.UserPrincipalName, upn):
			return outcome.Blocked(v1alpha1.ReasonConflict,
				"the name is an address of mail of another account already: take it away there, or choose another name").After(namesakeRetry)
		case !tried:
			return r.bind(s, account)
		case isOurs(account, attempt):
			return r.takeOver(s, account, &attempt)
		default:
			return outcome.Blocked(v1alpha1.ReasonConflict, fmt.Sprintf(
				"somebody else made the account %s with this name while it was being made here: set spec.id to it to manage it, "+
					"or choose another name", account.ID))
		}
	}
	if tried {
		if left := attempt.Time.Add(r.ConsistencyWindow).Sub(r.Clock.Now()); left > 0 {
			return outcome.Waiting(v1alpha1.ReasonProgressing, "whether the account was made is being read back").After(left)
		}
		if upn != strings.ToLower(s.user.Spec.UserPrincipalName) { // nothing came of it, and the name of now is another
			s.user.Status.Records = kube.DeleteRecord(s.user.Status.Records, recordCreate)
			return r.createAccount(ctx, s, change)
		}
	}
	if err := r.checkDeleted(ctx, s, dir); err != nil {
		return err
	}
	if !tried && forgotten(s) {
		witness(s.user)
		return outcome.Blocked(v1alpha1.ReasonAdopted,
			"there is no account of this name, and the object is older than what the operator remembers: whether there was one "+
				"is not known; to have it made, set creationPolicy to Never and then to Create")
	}
	return r.make(ctx, s, dir, change, namesakes.Time)
}

// creationAttempt is the attempt to make the account whose outcome is not known.
func creationAttempt(user *v1alpha1.ManagedUser) (v1alpha1.Record, bool) {
	attempt, ok := kube.FindRecord(user.Status.Records, recordCreate)
	return attempt, ok && attempt.Phase == v1alpha1.PhaseStarted
}

// attemptedValue is what an attempt is remembered by: the name, and a digest of values
// that were sent and can be read back.
func attemptedValue(upn string, person directory.User) string {
	digest := sha256.New()
	for _, value := range []string{
		person.DisplayName, person.GivenName, person.Surname, person.JobTitle, person.Department, person.UsageLocation,
	} {
		digest.Write([]byte(strconv.Quote(value)))
	}
	return strings.ToLower(upn) + "#" + hex.EncodeToString(digest.Sum(nil)[:8])
}

func attemptedName(attempt v1alpha1.Record) string {
	name, _, _ := strings.Cut(attempt.Value, "#")
	return name
}

// yield lets the object that comes before this one make the account.
func (r *ManagedUserReconciler) yield(ctx context.Context, s *userScope) error {
	rivals, err := r.rivals(ctx, s, s.user.Spec.UserPrincipalName)
	if err != nil {
		return err
	}
	for _, rival := range rivals {
		if comesBefore(rival, s.user) {
			return duplicateOf(rival)
		}
	}
	return nil
}

// clockTolerance is how far the clocks of Microsoft's servers may lie apart.
const clockTolerance = 5 * time.Second

// isOurs tells whether an account is the one that a lost attempt made: made not before
// the attempt, with the values that were sent.
func isOurs(account *directory.User, attempt v1alpha1.Record) bool {
	began, err := time.Parse(time.RFC3339, attempt.Baseline)
	if err != nil || account.Created.Before(began.Add(-clockTolerance)) || account.UserType == directory.GuestUserType {
		return false
	}
	return attemptedValue(account.UserPrincipalName, *account) == attempt.Value
}

// bind takes an account that is there for the one that is declared.
func (r *ManagedUserReconciler) bind(s *userScope, account *directory.User) error {
	s.known.Refresh(*account)
	return s.take(account.ID)
}

// take makes an account of the inventory the one of this pass.
func (s *userScope) take(id string) error {
	s.id, s.missing, s.live = id, false, true
	s.look(id)
	if !s.found {
		return outcome.Waiting(v1alpha1.ReasonProgressing, "the account is being read back").After(workerRetry)
	}
	return nil
}

// takeOver takes an account for the one that a lost attempt made.
func (r *ManagedUserReconciler) takeOver(s *userScope, account *directory.User, attempt *v1alpha1.Record) error {
	made := account.Created
	if account.LastPasswordChange.After(made) {
		made = account.LastPasswordChange
	}
	s.blockedAtFirst = account.Enabled == directory.No
	r.created(s, attempt, made)
	// The name that was sent is the one declared until then: another one is a rename.
	s.user.Status.Records = kube.UpsertRecord(s.user.Status.Records, v1alpha1.Record{
		Name: plan.RecordName, Value: account.UserPrincipalName, Cause: attempt.Cause, Phase: v1alpha1.PhaseDone, Time: attempt.Time,
	})
	s.known.Created(*account)
	return s.take(account.ID)
}

// checkDeleted offers an account of the same name that was deleted, instead of making
// another one beside it.
func (r *ManagedUserReconciler) checkDeleted(ctx context.Context, s *userScope, dir directory.Directory) error {
	deleted, err := deletedUsers(ctx, dir, s.user.Spec.UserPrincipalName)
	if err != nil || len(deleted) == 0 {
		return err
	}
	return outcome.Blocked(v1alpha1.ReasonSoftDeleted, fmt.Sprintf(
		"the account %s with this name was deleted on %s: set spec.id to it to restore it, or delete it for good in Microsoft 365",
		deleted[0].ID, deleted[0].Deleted.UTC().Format(time.DateOnly))).After(namesakeRetry)
}

func deletedUsers(ctx context.Context, dir directory.Directory, upn string) ([]directory.DeletedUser, error) {
	var all []directory.DeletedUser
	for link := ""; ; {
		page, err := dir.DeletedUsers(ctx, upn, link)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if link = page.Next; link == "" {
			return all, nil
		}
	}
}

// make asks Microsoft 365 for the account. Its password is in a Secret before; the
// attempt is on record before.
func (r *ManagedUserReconciler) make(
	ctx context.Context, s *userScope, dir directory.Directory, change plan.Change, graphTime time.Time,
) error {
	password, err := r.firstPassword(ctx, s)
	if err != nil {
		return err
	}
	sent := r.newUser(s, password)
	attempt := v1alpha1.Record{
		Name: recordCreate, Value: attemptedValue(sent.UserPrincipalName, sent.Person()), Cause: causeOf(s.user),
		Phase: v1alpha1.PhaseStarted, Baseline: graphTime.UTC().Format(time.RFC3339), Time: metav1.NewTime(r.Clock.Now()),
	}
	before, tried := creationAttempt(s.user)
	if tried {
		attempt.Baseline = before.Baseline // what is found may still be of the first
	}
	ctx, cancel, err := r.intend(ctx, s, attempt)
	if err != nil {
		return err
	}
	defer cancel()
	made, receipt, err := dir.CreateUser(ctx, sent)
	if made != nil {
		s.id = made.ID
	}
	r.record(ctx, s, v1alpha1.ConditionAccount, change, attempt.Cause, receipt, err)
	switch {
	case directory.OutcomeUnknown(err):
		return err
	case tried && directory.KindOf(err) == directory.KindConflict: // by the lost attempt, perhaps
		before.Time = attempt.Time
		s.user.Status.Records = kube.UpsertRecord(s.user.Status.Records, before)
		return outcome.Waiting(v1alpha1.ReasonProgressing, "whether the account was made is being read back").After(r.ConsistencyWindow)
	case err != nil:
		s.user.Status.Records = kube.DeleteRecord(s.user.Status.Records, recordCreate)
		return err
	}
	s.blockedAtFirst = !sent.Enabled
	r.created(s, &attempt, receipt.Time)
	s.known.Created(complete(made, sent, receipt))
	r.Events.Normal(s.user, "AccountCreated", string(change.Action), "the account was made")
	s.made = true
	// Nobody waits for what is registered, and the next report tells it as well.
	_ = r.readMethods(ctx, s, dir, made.ID)
	return s.take(made.ID)
}

// created notes that the account is there, made by this object; since is Graph's time
// after which a change of the password is the person's own.
func (r *ManagedUserReconciler) created(s *userScope, attempt *v1alpha1.Record, since time.Time) {
	attempt.Phase = v1alpha1.PhaseDone
	attempt.Time = metav1.NewTime(r.Clock.Now())
	s.user.Status.Records = kube.UpsertRecord(s.user.Status.Records, *attempt)
	s.user.Status.Records = kube.UpsertRecord(s.user.Status.Records, firstSignInRecord(s.user, since, attempt.Time))
	if start := s.user.Spec.StartAt; start != nil && s.blockedAtFirst {
		s.user.Status.Records = kube.UpsertRecord(s.user.Status.Records, v1alpha1.Record{
			Name: plan.RecordStart, Value: plan.StartValue(start.Time), Cause: causeOf(s.user),
			Phase: v1alpha1.PhaseOwed, Time: attempt.Time,
		})
	}
}

// intend writes the intent of a step over exactly the state that was decided from, and
// returns the context of its call.
func (r *ManagedUserReconciler) intend(ctx context.Context, s *userScope, intent v1alpha1.Record) (context.Context, context.CancelFunc, error) {
	if err := r.confirm(ctx, s); err != nil {
		return nil, nil, err
	}
	s.user.Status.Records = kube.UpsertRecord(s.user.Status.Records, intent)
	if err := s.status.Patch(ctx, s.user); err != nil {
		return nil, nil, err
	}
	return r.permitted(ctx, intent)
}

func heldUp() error {
	return outcome.Waiting(v1alpha1.ReasonProgressing, "the operator was held up before it could act").After(workerRetry)
}

func causeOf(user *v1alpha1.ManagedUser) string {
	return "generation/" + strconv.FormatInt(user.Generation, 10)
}

// newUser is the account as declared.
func (r *ManagedUserReconciler) newUser(s *userScope, password string) directory.NewUser {
	spec := &s.user.Spec
	attributes := plan.ProfileAttributes(spec.Profile)
	for name, value := range attributes {
		if value == "" {
			delete(attributes, name)
		}
	}
	defaults := s.tenant.Spec.Defaults
	setDefault(attributes, directory.AttributeUsageLocation, defaults.UsageLocation)
	setDefault(attributes, directory.AttributePreferredLanguage, defaults.PreferredLanguage)
	name := attributes[directory.AttributeDisplayName]
	delete(attributes, directory.AttributeDisplayName)
	return directory.NewUser{
		UserPrincipalName: spec.UserPrincipalName, DisplayName: name, MailNickname: mailNickname(spec.UserPrincipalName),
		Enabled:  !isTrue(spec.Suspended) && (spec.StartAt == nil || !spec.StartAt.After(r.Clock.Now())),
		Password: password, Attributes: attributes,
	}
}

func setDefault(attributes directory.Attributes, name directory.Attribute, value string) {
	if _, declared := attributes[name]; !declared && value != "" {
		attributes[name] = value
	}
}

func isTrue(b *bool) bool { return b != nil && *b }

// mailNickname is the part of a name before the @, without what Graph refuses there
// (https://learn.microsoft.com/graph/api/resources/user#properties).
func mailNickname(upn string) string {
	local, _, _ := strings.Cut(upn, "@")
	local = strings.Map(func(c rune) rune {
		if c > 126 || c <= ' ' || strings.ContainsRune(`@()\[]";:<>,`, c) {
			return -1
		}
		return c
	}, local)
	return local[:min(len(local), 64)]
}

// complete is an account as it was just made: what was answered, and what was sent where
// the answer is silent.
func complete(made *directory.User, sent directory.NewUser, receipt directory.Receipt) directory.User {
	user := sent.Person()
	user.ID, user.UserType, user.Mail = made.ID, made.UserType, made.Mail
	user.Created, user.LastPasswordChange = made.Created, made.LastPasswordChange
	if user.Created.IsZero() {
		user.Created = receipt.Time
	}
	if user.LastPasswordChange.IsZero() {
		user.LastPasswordChange = user.Created
	}
	// The time that comes with the first reading is no revocation.
	if user.SessionsValidFrom = made.SessionsValidFrom; user.SessionsValidFrom.IsZero() {
		user.SessionsValidFrom = user.Created
	}
	return user
}

// mayRestore tells whether the deleted account is the one that is meant, and may be
// touched: whether it comes back as an administrator cannot be read.
func (r *ManagedUserReconciler) mayRestore(ctx context.Context, s *userScope, dir directory.Directory, change plan.Change) error {
	deleted, err := deletedUsers(ctx, dir, s.user.Spec.UserPrincipalName)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(deleted, func(d directory.DeletedUser) bool { return d.ID == s.user.Spec.ID }) {
		return outcome.Blocked(v1alpha1.ReasonDifferentPerson,
			"no deleted account has both the id and the userPrincipalName of this object: correct one of them").After(namesakeRetry)
	}
	s.id = s.user.Spec.ID
	refusal, err := r.guard(ctx, s, change)
	if err == nil && refusal != "" {
		return outcome.Blocked(v1alpha1.ReasonProtected, string(refusal))
	}
	return err
}

// restoreAccount brings a deleted account back, when this object is the first to ask for
// it: one that somebody deleted under the object's eyes stays deleted.
func (r *ManagedUserReconciler) restoreAccount(ctx context.Context, s *userScope, change plan.Change) error {
	dir, err := s.directory()
	if err != nil {
		return err
	}
	id := s.user.Spec.ID
	intent, tried := kube.FindRecord(s.user.Status.Records, recordRestore)
	tried = tried && intent.Value == id
	if tried && intent.Phase == v1alpha1.PhaseStarted {
		if left := intent.Time.Add(r.ConsistencyWindow).Sub(r.Clock.Now()); left > 0 {
			return outcome.Waiting(v1alpha1.ReasonProgressing, "whether the account was restored is being read back").After(left)
		}
	}
	account, err := dir.User(ctx, id)
	switch {
	case err == nil:
		if tried {
			intent.Phase = v1alpha1.PhaseDone
			s.user.Status.Records = kube.UpsertRecord(s.user.Status.Records, intent)
		}
		s.known.Created(*account)
		return s.take(id)
	case directory.KindOf(err) != directory.KindNotFound:
		return err
	}
	if err := r.mayRestore(ctx, s, dir, change); err != nil {
		return err
	}
	intent = v1alpha1.Record{
		Name: recordRestore, Value: id, Cause: causeOf(s.user), Phase: v1alpha1.PhaseStarted, Time: metav1.NewTime(r.Clock.Now()),
	}
	call, cancel, err := r.intend(ctx, s, intent)
	if err != nil {
		return err
	}
	defer cancel()
	s.id = id
	receipt, err := dir.RestoreUser(call, id)
	r.record(ctx, s, v1alpha1.ConditionAccount, change, intent.Cause, receipt, err)
	if err != nil && !directory.OutcomeUnknown(err) {
		s.user.Status.Records = kube.DeleteRecord(s.user.Status.Records, recordRestore)
	}
	if err != nil {
		return err
	}
	r.Events.Normal(s.user, "AccountRestored", string(change.Action), "the deleted account was restored")
	intent.Phase = v1alpha1.PhaseDone
	s.user.Status.Records = kube.UpsertRecord(s.user.Status.Records, intent)
	if account, err = dir.User(ctx, id); err != nil { // not every replica knows it yet
		return outcome.Waiting(v1alpha1.ReasonProgressing, "the restored account is being read back").After(youngRetry)
	}
	s.known.Created(*account)
	return s.take(id) // and on at once: it came back as it was, open perhaps
}
