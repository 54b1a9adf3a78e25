using System.Net.Http.Json;
using System.Text.Json;
using Foresight.Api.Tests.Problems;
using Foresight.Api.Tests.Stack;
using Foresight.Cluster;
using Foresight.Cluster.Proof;
using Foresight.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Api.Tests.Operations;

[Collection(ApiStackCollection.Name)]
public sealed class OperationsTests(ApiStack stack)
{
    [Theory]
    [InlineData("GET", "admin/overview")]
    [InlineData("GET", "admin/offenders")]
    [InlineData("GET", "admin/offenders/0x1111111111111111111111111111111111111111")]
    [InlineData("POST", "admin/offenders/0x1111111111111111111111111111111111111111/reset")]
    [InlineData("POST", "admin/offenders/0x1111111111111111111111111111111111111111/undo-reset")]
    [InlineData("GET", "admin/refused-keys")]
    [InlineData("GET", "admin/lookup?q=5")]
    [InlineData("GET", "admin/orders/0x1212121212121212121212121212121212121212121212121212121212121212")]
    [InlineData("GET", "admin/accounts/0x1111111111111111111111111111111111111111")]
    [InlineData("GET", "admin/trades/1")]
    [InlineData("GET", "admin/transactions/0x1212121212121212121212121212121212121212121212121212121212121212")]
    [InlineData("GET", "admin/settlement")]
    [InlineData("GET", "admin/settlement/batches")]
    [InlineData("GET", "admin/failed-commands")]
    [InlineData("GET", "admin/database")]
    [InlineData("GET", "admin/history")]
    [InlineData("GET", "database/status")]
    [InlineData("GET", "reconciliation/status")]
    [InlineData("GET", "reconciliation/runs")]
    [InlineData("GET", "reconciliation/coverage")]
    [InlineData("GET", "reconciliation/discrepancies")]
    [InlineData("GET", "reconciliation/discrepancies/1")]
    [InlineData("POST", "reconciliation/trigger")]
    [InlineData("POST", "reconciliation/resolve/1")]
    [InlineData("POST", "reconciliation/resolve")]
    [InlineData("GET", "reconciliation/discrepancies/export")]
    [InlineData("GET", "reconciliation/runs/1/repairs")]
    public async Task AnOperatorsRoute_IsClosedWithoutTheKey(string method, string path)
    {
        using var http = LoopbackClient.Next(stack.Http.BaseAddress).Http;
        foreach (
            var authorization in new[]
            {
                null,
                "Bearer",
                "Bearer ",
                $"Bearer {ApiStack.AdminKey}x",
                $"Bearer {ApiStack.AdminKey[..^1]}",
                $"Basic {ApiStack.AdminKey}",
            }
        )
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path);
            if (method == "POST")
                request.Content = JsonContent.Create(new { note = "x" });
            if (authorization is not null)
                request.Headers.TryAddWithoutValidation("Authorization", authorization);
            var response = await http.SendAsync(request);
            await BadRequestTests.RefusalAsync(response, 401, "unauthorized");
            Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().Scheme);
        }
    }

    [Fact]
    public async Task TheDocument_DescribesEveryRouteWithItsBodiesAndRefusals()
    {
        var document = await stack.Http.GetFromJsonAsync<JsonElement>("openapi/v1.json");
        var place = document.GetProperty("paths").GetProperty("/orders").GetProperty("post");
        Assert.EndsWith(
            "/PlaceOrderRequest",
            place
                .GetProperty("requestBody")
                .GetProperty("content")
                .GetProperty("application/json")
                .GetProperty("schema")
                .GetProperty("$ref")
                .GetString()
        );
        foreach (var status in new[] { "202", "400", "409", "413", "415", "422", "429", "503" })
            Assert.True(
                place.GetProperty("responses").GetProperty(status).GetProperty("content").TryGetProperty("application/problem+json", out _),
                status
            );
        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            var isAdmin = path.Name.StartsWith("/admin") || path.Name.StartsWith("/reconciliation") || path.Name.StartsWith("/database");
            foreach (var operation in path.Value.EnumerateObject())
                Assert.Equal(isAdmin, operation.Value.TryGetProperty("security", out _));
        }
    }

    [Fact]
    public async Task ADiscrepancy_GoesItsWay_AndEachStepIsInTheAudit()
    {
        await stack.ExecuteAsync(
            """
            INSERT INTO discrepancies (natural_key, kind, severity, summary, trade_id, on_chain, amount)
            VALUES ('missing_offchain:0xab:1', 'missing_offchain', 'high', 'A fill.', 5, '{"amount": "1"}', 1)
            """
        );
        var id = await stack.ScalarAsync<long>("SELECT discrepancy_id FROM discrepancies WHERE natural_key = 'missing_offchain:0xab:1'");
        await stack.ExecuteAsync("UPDATE discrepancies SET last_seen_at = now()");

        Assert.Equal((400, "malformed_request"), await DecideAsync(id, new { }));
        Assert.Equal((400, "malformed_request"), await DecideAsync(id, new { note = " " }));
        Assert.Equal((400, "malformed_request"), await DecideAsync(id, new { note = new string('n', 2001) }));
        Assert.Equal((400, "malformed_request"), await DecideAsync(id, new { note = "x", action = "delete" }));
        Assert.Equal((404, "not_found"), await DecideAsync(id + 1_000, new { note = "x" }));
        Assert.Equal((409, "state_conflict"), await DecideAsync(id, new { note = "x", action = "reopen" }));
        Assert.Equal((200, "acknowledged"), await DecideAsync(id, new { note = "Looking.", action = "acknowledge" }));
        Assert.Equal((409, "state_conflict"), await DecideAsync(id, new { note = "x", action = "acknowledge" }));
        Assert.Equal((200, "resolved"), await DecideAsync(id, new { note = "Entered by hand." }));
        Assert.Equal((409, "state_conflict"), await DecideAsync(id, new { note = "Again." }));
        Assert.Equal((200, "reopened"), await DecideAsync(id, new { note = "It is back.", action = "reopen" }));
        Assert.Equal((200, "ignored"), await DecideAsync(id, new { note = "Known.", action = "ignore" }));

        var detail = await stack.Admin.GetFromJsonAsync<DiscrepancyDetail>($"reconciliation/discrepancies/{id}");
        Assert.Equal(
            [
                "ignore reopened ignored Known.",
                "reopen resolved reopened It is back.",
                "resolve acknowledged resolved Entered by hand.",
                "acknowledge open acknowledged Looking.",
            ],
            detail!.Audit.Select(entry => $"{entry.Action} {entry.FromState} {entry.ToState} {entry.Note}")
        );
        Assert.All(detail.Audit, entry => Assert.Equal("Ada Ł.", entry.Actor));
        Assert.Equal(("ignored", "Known.", "Ada Ł."), (detail.Discrepancy.State, detail.Discrepancy.Note, detail.Discrepancy.ChangedBy));
        Assert.Contains(
            (await Page<DiscrepancyView>("reconciliation/discrepancies?state=ignored&kind=missing_offchain")).Items,
            one => one.Id == id
        );
        Assert.DoesNotContain((await Page<DiscrepancyView>("reconciliation/discrepancies?state=live")).Items, one => one.Id == id);

        async Task<(int, string?)> DecideAsync(long which, object body)
        {
            var (status, answer, _) = await stack.Admin.PostAsync(
                $"reconciliation/resolve/{which}",
                body,
                ("X-Foresight-Operator", Uri.EscapeDataString("Ada Ł."))
            );
            return (status, status == 200 ? answer.GetProperty("discrepancy").GetProperty("state").GetString() : answer.Code());
        }
    }

    [Fact]
    public async Task OfTenDecisionsAtOnce_OneIsMade()
    {
        await stack.ExecuteAsync(
            """
            INSERT INTO discrepancies (natural_key, kind, severity, summary, amount)
            VALUES ('status_mismatch:7', 'status_mismatch', 'low', 'A status.', 1)
            """
        );
        var id = await stack.ScalarAsync<long>("SELECT discrepancy_id FROM discrepancies WHERE natural_key = 'status_mismatch:7'");
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(i => stack.Admin.PostAsync($"reconciliation/resolve/{id}", new { note = $"{i}" }))
        );
        Assert.Equal(1, answers.Count(answer => answer.Status == 200));
        Assert.Equal(9, answers.Count(answer => answer.Status == 409));
        Assert.Equal(1L, await stack.ScalarAsync<long>($"SELECT count(*) FROM discrepancy_audit WHERE discrepancy_id = {id}"));
    }

    [Fact]
    public async Task ASecondTrigger_JoinsTheRunThatWaits()
    {
        var (status, first, _) = await stack.Admin.PostAsync("reconciliation/trigger", new { note = "Asked for." });
        Assert.Equal((202, false), (status, first.GetProperty("alreadyRunning").GetBoolean()));
        (_, var second, _) = await stack.Admin.PostAsync("reconciliation/trigger", new { note = "Asked for." });
        Assert.Equal(
            (first.GetProperty("runId").GetInt64(), true),
            (second.GetProperty("runId").GetInt64(), second.GetProperty("alreadyRunning").GetBoolean())
        );
        await stack.ExecuteAsync("UPDATE reconciliation_runs SET state = 'succeeded', finished_at = now() WHERE state = 'requested'");
    }

    [Fact]
    public async Task Runs_ComeInPages_EachOnce()
    {
        await stack.ExecuteAsync(
            "INSERT INTO reconciliation_runs (trigger, state, node_id) SELECT 'schedule', 'succeeded', 'n' FROM generate_series(1, 25)"
        );
        var seen = new List<long>();
        string? cursor = null;
        do
        {
            var page = await Page<RunView>($"reconciliation/runs?limit=7{(cursor is null ? "" : $"&cursor={cursor}")}");
            Assert.InRange(page.Items.Count, 1, 7);
            seen.AddRange(page.Items.Select(run => run.Id));
            cursor = page.Next;
        } while (cursor is not null);
        Assert.Equal(seen.Distinct().OrderDescending(), seen);
        Assert.True(seen.Count >= 25);
    }

    [Fact]
    public async Task Coverage_ComesInPages_EachRangeOnce_AlsoWhereAPageEndsWithinARun()
    {
        await stack.ExecuteAsync(
            """
            WITH runs AS (INSERT INTO reconciliation_runs (trigger, state, node_id)
                VALUES ('schedule', 'succeeded', 'n'), ('schedule', 'failed', 'n') RETURNING run_id)
            INSERT INTO reconciliation_coverage (run_id, from_block, to_block, state)
            SELECT run_id, n * 1000, n * 1000 + 999, 'covered' FROM runs, generate_series(0, 9) AS n
            """
        );
        var seen = new List<(long, long)>();
        string? cursor = null;
        do
        {
            var page = await Page<CoverageView>($"reconciliation/coverage?limit=3{(cursor is null ? "" : $"&cursor={cursor}")}");
            seen.AddRange(page.Items.Select(range => (range.RunId, range.FromBlock)));
            cursor = page.Next;
        } while (cursor is not null);
        Assert.Equal(20, seen.Count);
        Assert.Equal(seen.Distinct().OrderDescending(), seen);
        await BadRequestTests.RefusalAsync(await stack.Admin.GetAsync("reconciliation/coverage?cursor=5"), 400, "malformed_request");
    }

    [Fact]
    public async Task Cluster_ShowsAddressesToOperatorsAlone()
    {
        var open = await stack.Http.GetFromJsonAsync<List<NodeRecord>>("cluster/nodes");
        var admin = await stack.Admin.GetFromJsonAsync<List<NodeRecord>>("cluster/nodes");
        Assert.Contains(admin!, node => node.Kind == "api" && node.Address.StartsWith("http://", StringComparison.Ordinal));
        Assert.All(open!, node => Assert.Equal("", node.Address));
        Assert.NotNull(admin!.First(node => node.Kind == "api").HubConnections);
    }

    [Fact]
    [Trait("Category", "Trust")]
    public async Task Cluster_ShowsWhereAPutOutNodeConnectedFrom_ToOperatorsAlone()
    {
        using var redis = stack.ConnectAsNode();
        var registry = new NodeRegistry(
            redis.Database,
            TestHints.Of(ApiStack.ClusterSecret),
            new NoNotices(),
            TimeProvider.System,
            NullLogger<NodeRegistry>.Instance
        );
        var now = DateTimeOffset.UtcNow;
        var putOut = new PutOutNode("api-9", PutOutReasons.BadSignature, now.AddMinutes(5)) { Host = "10.1.2.3" };
        var leader = new NodeRecord("a-leader", NodeKinds.Matching, "https://10.1.2.4:1", "active", "1.0", 1, now, now, []);
        await registry.AnnounceAsync(leader with { PutOut = [putOut] });
        try
        {
            foreach (var path in new[] { "cluster/nodes", "cluster/status" })
            {
                var open = await stack.Http.GetStringAsync(path);
                Assert.Contains("api-9", open, StringComparison.Ordinal);
                Assert.DoesNotContain("10.1.2.", open, StringComparison.Ordinal);
                Assert.Contains("10.1.2.3", await stack.Admin.GetStringAsync(path), StringComparison.Ordinal);
            }
        }
        finally
        {
            await registry.DropAsync("a-leader");
        }
    }

    [Fact]
    public async Task Cluster_TellsAShardsLastFailover_HoweverManyOthersCameLater()
    {
        try
        {
            await stack.ExecuteAsync(
                """
                INSERT INTO leadership (resource, epoch, token, node_id) VALUES ('matching-engine', 2, gen_random_uuid(), 'm-2');
                INSERT INTO leadership_history (resource, epoch, node_id, previous_node_id, acquired_at, phases, reason) VALUES
                    ('matching-engine', 1, 'm-1', NULL, '2026-01-01Z', '{"detected": 1}', 'first'),
                    ('matching-engine', 2, 'm-2', 'm-1', '2026-01-02Z',
                        '{"detected": 10, "lease": 20, "fenced": 30.5, "recovered": 40, "first_ack": 50}', 'crashed');
                INSERT INTO leadership_history (resource, epoch, node_id, previous_node_id)
                SELECT 'settlement', n, 'm-1', 'm-2' FROM generate_series(101, 160) n
                """
            );
            ClusterStatus? status = null;
            await Eventually.TrueAsync(
                "the replica has the rows",
                TimeSpan.FromSeconds(20),
                async () =>
                    (status = await stack.Http.GetFromJsonAsync<ClusterStatus>("cluster/status"))!.Shards![0].LastFailover is not null
            );
            var last = status!.Shards![0].LastFailover!;
            Assert.Equal((2L, "m-2", "m-1", DateTimeOffset.Parse("2026-01-02Z")), (last.Epoch, last.NodeId, last.PreviousNodeId, last.At));
            Assert.Equal(TakeOverReasons.Crashed, last.Reason);
            Assert.All(status.Failovers, failover => Assert.Null(failover.Reason));
            Assert.Equal(
                new Dictionary<string, double>
                {
                    ["detected"] = 10,
                    ["lease"] = 20,
                    ["fenced"] = 30.5,
                    ["recovered"] = 40,
                    ["first_ack"] = 50,
                },
                last.Phases
            );
            Assert.DoesNotContain(status.Failovers, failover => failover.Resource == "matching-engine");
        }
        finally
        {
            await stack.ExecuteAsync(
                """
                DELETE FROM leadership_history
                WHERE epoch IN (1, 2) AND resource = 'matching-engine' OR epoch > 100; DELETE FROM leadership WHERE node_id = 'm-2'
                """
            );
        }
    }

    [Fact]
    public async Task Database_ShowsPrimaryAndReplica()
    {
        await Eventually.TrueAsync(
            "the replica serves reads",
            TimeSpan.FromSeconds(20),
            async () => (await stack.Admin.GetFromJsonAsync<DatabaseStatus>("database/status"))!.Replicas.Single().Healthy
        );
        var before = await stack.Admin.GetFromJsonAsync<DatabaseStatus>("database/status");
        await stack.Http.GetAsync("trades");
        var after = await stack.Admin.GetFromJsonAsync<DatabaseStatus>("database/status");
        Assert.True(after!.Primary.Healthy);
        Assert.True(after.ReadsFromReplicas > before!.ReadsFromReplicas);
        Assert.NotNull(after.Replicas[0].LagBytes);
    }

    [Fact]
    public async Task Metrics_HaveTheNamesThatWereAskedFor_AndNoSecretOrAddress()
    {
        await stack.Http.GetAsync("trades");
        var text = await stack.Http.GetStringAsync("metrics");
        foreach (
            var name in new[]
            {
                "foresight_cluster_nodes_total",
                "foresight_pubsub_subscriptions",
                "foresight_pubsub_connection_status",
                "foresight_ws_cluster_connections",
                "foresight_db_connections_active",
                "foresight_db_queries_total",
                "foresight_db_query_latency_ms_bucket",
                "foresight_db_replica_health",
                "api_request_duration_seconds_bucket",
            }
        )
            Assert.Contains($"\n{name}", text);
        Assert.DoesNotContain("127.0.0.1", text);
        Assert.DoesNotContain(ApiStack.AdminKey, text);
        Assert.DoesNotContain(ApiStack.ClusterSecret, text);
        // Some buckets for each route and query that the tests have used; a label with an id would make many more.
        Assert.InRange(text.Split('\n').Count(line => line.Length > 0 && line[0] != '#'), 50, 4_000);
    }

    private async Task<Page<T>> Page<T>(string path) => (await stack.Admin.GetFromJsonAsync<Page<T>>(path))!;
}
