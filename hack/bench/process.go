package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// usage is what a process uses of the machine.
type usage struct {
	// cpu is what its threads have used since they began.
	cpu time.Duration
	// rss is the memory it holds, and peak the most it ever held; bytes.
	rss, peak int64
}

// usageOf reads /proc: the threads' schedstat counts nanoseconds, where stat counts
// hundredths of a second (https://docs.kernel.org/scheduler/sched-stats.html).
func usageOf(pid int) (usage, error) {
	root := filepath.Join("/proc", strconv.Itoa(pid))
	threads, err := filepath.Glob(filepath.Join(root, "task", "*", "schedstat"))
	if err != nil {
		return usage{}, fmt.Errorf("read the threads of process %d: %w", pid, err)
	}
	var u usage
	for _, file := range threads {
		content, err := os.ReadFile(file)
		if os.IsNotExist(err) {
			continue // that thread has just ended
		}
		if err != nil {
			return usage{}, fmt.Errorf("read the time of process %d: %w", pid, err)
		}
		first, _, _ := strings.Cut(string(content), " ")
		nanoseconds, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return usage{}, fmt.Errorf("read the time of process %d: %w", pid, err)
		}
		u.cpu += time.Duration(nanoseconds)
	}
	status, err := os.ReadFile(filepath.Join(root, "status"))
	if err != nil {
		return usage{}, fmt.Errorf("read the memory of process %d: %w", pid, err)
	}
	u.rss, u.peak = memoryOf(status)
	return u, nil
}

// memoryOf reads VmRSS and VmHWM of a status file, which count kibibytes
// (https://docs.kernel.org/filesystems/proc.html).
func memoryOf(status []byte) (rss, peak int64) {
	lines := bufio.NewScanner(bytes.NewReader(status))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 {
			continue
		}
		kibibytes, err := strconv.ParseInt(fields[1], 10, 64)
		switch {
		case err != nil:
		case fields[0] == "VmRSS:":
			rss = kibibytes << 10
		case fields[0] == "VmHWM:":
			peak = kibibytes << 10
		}
	}
	return rss, peak
}
