package graphsim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/internal/graphsim"
)

// part is an answer within a batch.
type part struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    map[string]any    `json:"body"`
}

func (p part) code() string { return answer{body: p.Body}.code() }

var _ = Describe("A batch", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	send := func(parts ...string) answer {
		GinkgoHelper()
		return w.call(http.MethodPost, "/$batch", `{"requests":[`+strings.Join(parts, ",")+`]}`)
	}
	run := func(parts ...string) (byID map[string]part, order []string) {
		GinkgoHelper()
		a := send(parts...)
		Expect(a.status).To(Equal(http.StatusOK), a.raw)
		var body struct{ Responses []part }
		Expect(json.Unmarshal([]byte(a.raw), &body)).To(Succeed())
		byID = map[string]part{}
		for _, p := range body.Responses {
			byID[p.ID] = p
			order = append(order, p.ID)
		}
		Expect(byID).To(HaveLen(len(parts)))
		return byID, order
	}
	read := func(id, url string, more ...string) string {
		return fmt.Sprintf(`{"id":%q,"method":"GET","url":%q%s}`, id, url, strings.Join(more, ""))
	}
	block := func(id, user string, more ...string) string {
		return fmt.Sprintf(`{"id":%q,"method":"PATCH","url":"/users/%s","headers":{"Content-Type":"application/json"},"body":{"accountEnabled":false}%s}`, id, user, strings.Join(more, ""))
	}
	after := func(id string) string { return fmt.Sprintf(`,"dependsOn":[%q]`, id) }

	It("answers every part, in any order [GS-BATCH-01]", func() {
		alice := w.user("alice")
		parts, _ := run(read("1", "/users?$select=id,displayName&$filter=displayName eq 'alice'"), read("2", "users/nobody"), block("3", alice),
			`{"id":"4","method":"post","url":"/users/`+alice+`/revokeSignInSessions","headers":{"content-type":"application/json"},"body":{}}`)
		Expect(parts["1"].Status).To(Equal(http.StatusOK))
		Expect(parts["1"].Body["value"]).To(ConsistOf(HaveKeyWithValue("id", alice)))
		Expect(parts["1"].Headers).To(And(HaveKey("Request-Id"), HaveKeyWithValue("X-Ms-Resource-Unit", "1"), HaveKeyWithValue("Content-Type", HavePrefix("application/json"))))
		Expect(parts["2"].Status).To(Equal(http.StatusNotFound))
		Expect(parts["2"].code()).To(Equal("Request_ResourceNotFound"))
		Expect(parts["3"]).To(And(HaveField("Status", http.StatusNoContent), HaveField("Body", BeNil())))
		Expect(parts["4"].Body).To(HaveKeyWithValue("value", true))
		Expect(w.effects()).To(And(HaveKeyWithValue(graphsim.EffectBlock, uint64(1)), HaveKeyWithValue(graphsim.EffectRevoke, uint64(1))))
		many := make([]string, 0, 20)
		listed := make([]string, 0, 20)
		for i := range 20 {
			listed = append(listed, fmt.Sprint(i))
			many = append(many, read(fmt.Sprint(i), "/organization"))
		}
		_, order := run(many...)
		Expect(order).To(ConsistOf(listed))
		Expect(order).NotTo(Equal(listed))
	})

	It("is a request, and so is every part, in the journal", func() {
		w.user("alice")
		run(read("1", "/users?$select=id"), read("2", "/organization"))
		entries := w.Requests(w.tenant)
		Expect(entries).To(HaveLen(3))
		Expect(entries[0]).To(And(HaveField("Template", "/$batch"), HaveField("RU", 0), HaveField("Batch", uint64(0))))
		Expect(entries[1:]).To(ConsistOf(
			And(HaveField("Template", "/users"), HaveField("Path", "/v1.0/users"), HaveField("Query", "$select=id"), HaveField("RU", 1), HaveField("Batch", entries[0].Seq)),
			And(HaveField("Template", "/organization"), HaveField("Batch", entries[0].Seq))))
		Expect(w.Counters(w.tenant).Requests).To(BeEquivalentTo(3))
	})

	DescribeTable("is refused as a whole", func(body, code, message string) {
		a := w.call(http.MethodPost, "/$batch", body)
		refused(400, code)(a)
		Expect(a.message()).To(ContainSubstring(message))
		Expect(w.Counters(w.tenant).Requests).To(BeEquivalentTo(1), "no part is run")
	},
		Entry("no JSON [GS-BATCH-02]", `requests`, "BadRequest", "Invalid batch payload format."),
		Entry("no requests [GS-BATCH-02]", `{"requests":[]}`, "BadRequest", "Invalid batch payload format."),
		Entry("more than 20 parts [GS-BATCH-02]", `{"requests":[`+strings.Repeat(`{"id":"1","method":"GET","url":"/users"},`, 20)+`{"id":"2","method":"GET","url":"/users"}]}`,
			"MaximumValueExceeded", "Number of batch request steps exceeds the maximum value of 20."),
		Entry("no id [GS-BATCH-02]", `{"requests":[{"method":"GET","url":"/users"}]}`, "BadRequest", "Invalid batch payload format."),
		Entry("an id twice [GS-BATCH-02]", `{"requests":[{"id":"a","method":"GET","url":"/users"},{"id":"A","method":"GET","url":"/users"}]}`, "BadRequest", "Request Id A has to be unique in a batch."),
		Entry("an absolute url [GS-BATCH-02]", `{"requests":[{"id":"a","method":"GET","url":"https://graph.microsoft.com/v1.0/users"}]}`, "BadRequest", "must be relative"),
		Entry("a body without its type [GS-BATCH-03]", `{"requests":[{"id":"1","method":"PATCH","url":"/users/x","body":{"accountEnabled":false}}]}`, "BadRequest", "Write request id : 1 does not contain Content-Type header or body."),
		Entry("no body [GS-BATCH-03]", `{"requests":[{"id":"1","method":"POST","url":"/users/x/revokeSignInSessions","headers":{"Content-Type":"application/json"}}]}`, "BadRequest", "does not contain Content-Type header or body."),
		Entry("a mixed order [GS-BATCH-04]", `{"requests":[{"id":"1","method":"GET","url":"/users"},{"id":"2","method":"GET","url":"/users"},{"id":"3","method":"GET","url":"/users","dependsOn":["1"]}]}`, "BadRequest", "fully sequential or fully parallel"),
		Entry("a circle [GS-BATCH-04]", `{"requests":[{"id":"1","method":"GET","url":"/users","dependsOn":["2"]},{"id":"2","method":"GET","url":"/users","dependsOn":["1"]}]}`, "BadRequest", "fully sequential or fully parallel"),
		Entry("an unknown dependency [GS-BATCH-04]", `{"requests":[{"id":"1","method":"GET","url":"/users"},{"id":"2","method":"GET","url":"/users","dependsOn":["9"]}]}`, "BadRequest", "fully sequential or fully parallel"),
	)

	It("runs one after another, or all after the first [GS-BATCH-04]", func() {
		alice, bob := w.user("alice"), w.user("bob")
		run(block("a", alice), read("b", "/organization", after("A")), block("c", bob, after("b")), read("d", "/domains", after("c")))
		var paths []string
		for _, e := range w.Requests(w.tenant)[1:] {
			paths = append(paths, e.Method+" "+e.Path)
		}
		Expect(paths).To(Equal([]string{"PATCH /v1.0/users/" + alice, "GET /v1.0/organization", "PATCH /v1.0/users/" + bob, "GET /v1.0/domains"}))
		parts, _ := run(read("a", "/organization"), read("b", "/domains", after("a")), read("c", "/domains", after("a")))
		Expect(parts["c"].Status).To(Equal(http.StatusOK))
	})

	It("does not run what depends on a failure [GS-BATCH-05]", func() {
		alice := w.user("alice")
		parts, _ := run(read("1", "/users/nobody"), block("2", alice, after("1")), read("3", "/organization", after("2")))
		Expect(parts["1"].Status).To(Equal(http.StatusNotFound))
		Expect(parts["2"].Status).To(Equal(http.StatusFailedDependency))
		Expect(parts["3"].Status).To(Equal(http.StatusFailedDependency))
		Expect(w.effects()).To(BeEmpty())
		Expect(w.Counters(w.tenant).Requests).To(BeEquivalentTo(2))
	})

	It("is charged and throttled part by part [GS-BATCH-06]", func() {
		report := func(i int) string { return read(fmt.Sprint(i), registrations) }
		parts, _ := run(report(1), report(2), report(3), report(4), report(5), report(6), report(7), read("8", "/organization"))
		throttled := 0
		for _, p := range parts {
			if p.Status == http.StatusTooManyRequests {
				throttled++
				Expect(p.Headers).To(HaveKeyWithValue("Retry-After", "10"))
				Expect(p.code()).To(Equal("TooManyRequests"))
			}
		}
		Expect(throttled).To(Equal(2))
		Expect(parts["8"].Status).To(Equal(http.StatusOK))
		Expect(w.Counters(w.tenant)).To(And(HaveField("Throttled", BeEquivalentTo(2)), HaveField("ResourceUnits", BeEquivalentTo(1))))
	})

	It("gives every part its own headers and all the same token [GS-BATCH-07]", func() {
		w.user("alice")
		w.header.Set("ConsistencyLevel", "eventual")
		counted := "/users?$count=true&$select=id"
		parts, _ := run(read("with", counted, `,"headers":{"ConsistencyLevel":"eventual"}`), read("without", counted))
		Expect(parts["with"].Body).To(HaveKeyWithValue("@odata.count", 1.0))
		Expect(parts["without"].Status).To(Equal(http.StatusBadRequest))
		parts, _ = run(read("own", "/organization", `,"headers":{"Authorization":"Bearer nonsense"}`))
		Expect(parts["own"].Status).To(Equal(http.StatusOK))
		w.bearer = "nonsense"
		refused(401, "InvalidAuthenticationToken")(send(read("1", "/organization")))
	})

	It("has faults and gaps in its parts [GS-BATCH-08]", func() {
		_, err := w.AddFault(graphsim.Fault{Kind: graphsim.FaultStatus, Path: "/organization", RetryAfter: 7})
		Expect(err).NotTo(HaveOccurred())
		parts, _ := run(read("1", "/organization"), read("2", "/me/messages"), read("3", "/domains"),
			`{"id":"4","method":"POST","url":"/$batch","headers":{"Content-Type":"application/json"},"body":{"requests":[]}}`)
		Expect(parts["1"]).To(And(HaveField("Status", http.StatusServiceUnavailable), HaveField("Headers", HaveKeyWithValue("Retry-After", "7"))))
		Expect(parts["2"].Status).To(Equal(http.StatusNotImplemented))
		Expect(parts["3"].Status).To(Equal(http.StatusOK))
		Expect(parts["4"].Status).To(Equal(http.StatusNotImplemented))
		Expect(w.Counters(w.tenant).Absent).To(BeEquivalentTo(2))
		_, err = w.AddFault(graphsim.Fault{Kind: graphsim.FaultReset, Path: "/domains"})
		Expect(err).NotTo(HaveOccurred())
		_, err = w.tryCall(http.MethodPost, "/$batch", `{"requests":[`+read("1", "/domains")+`]}`)
		Expect(err).To(HaveOccurred())
	})
})
