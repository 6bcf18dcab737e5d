package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/audit"
	"github.com/m365-operator/m365-operator/internal/directory"
)

func TestAudit(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Audit")
}

// writer counts its writes, and fails or falls short when told to.
type writer struct {
	bytes.Buffer
	writes int
	err    error
	short  bool
}

func (w *writer) Write(p []byte) (int, error) {
	w.writes++
	if w.err != nil {
		return 0, w.err
	}
	if w.short {
		p = p[:1]
	}
	return w.Buffer.Write(p)
}

var _ = Describe("The audit log", func() {
	It("writes every field of a change on one line, in UTC", func() {
		out := &writer{}
		entry := audit.Entry{
			Time:      time.Date(2026, 11, 20, 10, 0, 0, 0, time.FixedZone("CET", 3600)),
			Object:    audit.Object{Kind: "ManagedUser", Namespace: "contoso", Name: "alice", UID: "u-1"},
			Tenant:    "6d1f",
			AccountID: "a-1", AccountName: "alice@contoso.com",
			Facet: "SignIn", Action: "Block", From: "enabled", To: "blocked\nby \"Git\"",
			Generation: 7, Cause: "7", Ticket: "INC-1", Reason: "left the company",
			RequestID: "r-1", Result: audit.Refused, Error: directory.KindForbidden,
		}
		Expect(audit.NewLog(out).Record(entry)).To(Succeed())

		Expect(out.writes).To(Equal(1))
		Expect(strings.Count(out.String(), "\n")).To(Equal(1))
		Expect(out.String()).To(HaveSuffix("\n"))
		Expect(out.String()).To(MatchJSON(`{
			"time": "2026-11-20T09:00:00Z",
			"object": {"kind": "ManagedUser", "namespace": "contoso", "name": "alice", "uid": "u-1"},
			"tenant": "6d1f", "accountID": "a-1", "accountName": "alice@contoso.com",
			"facet": "SignIn", "action": "Block", "from": "enabled", "to": "blocked\nby \"Git\"",
			"generation": 7, "cause": "7", "ticket": "INC-1", "reason": "left the company",
			"requestID": "r-1", "result": "Refused", "error": "Forbidden"}`))
	})

	DescribeTable("tells what became of a change", func(err error, result audit.Result, kind directory.Kind) {
		got, gotKind := audit.ResultOf(err)
		Expect(got).To(Equal(result))
		Expect(gotKind).To(Equal(kind))
	},
		Entry("accepted", nil, audit.Done, directory.Kind("")),
		Entry("refused", &directory.Error{Kind: directory.KindForbidden}, audit.Refused, directory.KindForbidden),
		Entry("no answer", fmt.Errorf("block: %w", &directory.Error{Kind: directory.KindTransient, OutcomeUnknown: true}),
			audit.Unknown, directory.KindTransient),
		Entry("not even asked", &directory.Error{Kind: directory.KindThrottled}, audit.Refused, directory.KindThrottled),
	)

	It("keeps the lines of many writers apart", func() {
		out := &writer{}
		log := audit.NewLog(out)
		var writers sync.WaitGroup
		for i := range 50 {
			writers.Go(func() {
				defer GinkgoRecover()
				Expect(log.Record(audit.Entry{AccountID: fmt.Sprint(i), To: strings.Repeat("x", 5000)})).To(Succeed())
			})
		}
		writers.Wait()
		seen := map[string]bool{}
		for line := range strings.Lines(out.String()) {
			var entry audit.Entry
			Expect(json.Unmarshal([]byte(line), &entry)).To(Succeed())
			seen[entry.AccountID] = true
		}
		Expect(seen).To(HaveLen(50))
		Expect(out.writes).To(Equal(50))
	})

	It("says when a line could not be written, and counts it", func() {
		full := errors.New("disk full")
		out := &writer{err: full}
		log := audit.NewLog(out)
		Expect(log.Record(audit.Entry{})).To(MatchError(full))
		out.err, out.short = nil, true
		Expect(log.Record(audit.Entry{})).To(MatchError(ContainSubstring("short write")))
		out.short = false
		Expect(log.Record(audit.Entry{})).To(Succeed())
		Expect(log.Failed()).To(BeEquivalentTo(2))
	})
})
