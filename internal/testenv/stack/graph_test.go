package stack

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("The client of a simulator", func() {
	It("shares one connection among requests, as the SDK's does", func() {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprintf(w, `{"requests": %d}`, r.ProtoMajor)
		}))
		server.EnableHTTP2 = true
		server.StartTLS()
		DeferCleanup(server.Close)
		dir := GinkgoT().TempDir()
		ca, names := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "graphsim.env")
		Expect(os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600)).To(Succeed())
		Expect(os.WriteFile(names, fmt.Appendf(nil, "GRAPH_URL=%s\nGRAPH_CA=%s\n", server.URL, ca), 0o600)).To(Succeed())

		graph := must(readGraph(names))
		counters := must(graph.Counters(context.Background(), ""))
		Expect(counters.Requests).To(BeEquivalentTo(2), "the major version of HTTP")
	})
})
