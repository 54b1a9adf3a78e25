using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Foresight.Api.Tests.Stack;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Operations;

[Collection(ApiStackCollection.Name)]
public sealed class ReconciliationWorkflowTests(ApiStack stack)
{
    private readonly string _mark = $"w{Guid.NewGuid():N}";
    private readonly int _market = Random.Shared.Next(1_000_000, int.MaxValue);

    [Fact]
    public async Task OverTheLimit_TheSameKeyIsRefused_WhateverNameItSays_AndAnotherKeyDecides()
    {
        var id = (await InsertAsync(1, amount: "1000000001"))[0];
        var (status, first, _) = await DecideAsync(id, ApiStack.AdaKey, "Ada", new { note = "Paid back." });
        Assert.Equal((200, "open"), (status, StateOf(first)));
        Assert.Equal("ada", first.GetProperty("discrepancy").GetProperty("second").GetProperty("key").GetString());

        (status, var refusal, _) = await DecideAsync(id, ApiStack.AdaKey, "Grace", new { note = "Me again." });
        Assert.Equal((409, "second_person_needed"), (status, refusal.Code()));
        Assert.Equal("open", await stack.ScalarAsync<string>($"SELECT state FROM discrepancies WHERE discrepancy_id = {id}"));

        (status, var second, _) = await DecideAsync(id, ApiStack.GraceKey, "Grace", new { note = "Agreed." });
        Assert.Equal((200, "resolved"), (status, StateOf(second)));
        var detail = await stack.Admin.GetFromJsonAsync<DiscrepancyDetail>($"reconciliation/discrepancies/{id}");
        Assert.Null(detail!.Discrepancy.Second);
        Assert.Equal("1000.000001", detail.Discrepancy.Amount);
        Assert.Equal(["resolve grace Grace", "resolve_first_key ada Ada"], detail.Audit.Select(a => $"{a.Action} {a.Key} {a.Actor}"));
    }

    [Fact]
    [Trait("Category", "Console")]
    public async Task WhatIsDoneToMany_IsUndoneWhole_WithWhatWaitsForASecondKey_AndIsOneLineOfTheDecisions()
    {
        var ids = await InsertAsync(3);
        await stack.ExecuteAsync($"UPDATE discrepancies SET amount = 5000000000 WHERE discrepancy_id = {ids[1]}");
        var (_, done, _) = await stack.Admin.PostAsync("reconciliation/resolve", new { ids, note = $"One cause {_mark}." });
        Assert.Equal((3, 1), (done.GetProperty("changed").GetInt32(), done.GetProperty("awaiting").GetInt32()));
        Assert.Equal((2, 1), await UndoAsync("reopen", ids));
        Assert.Equal((1, 0), await UndoAsync("withdraw", [ids[1]]));
        Assert.Equal((0, 1), await UndoAsync("withdraw", [ids[1]]));

        var waiting = await stack.Admin.GetFromJsonAsync<DiscrepancyDetail>($"reconciliation/discrepancies/{ids[1]}");
        Assert.Equal((DiscrepancyStates.Open, null), (waiting!.Discrepancy.State, waiting.Discrepancy.Second));
        Assert.Equal(["withdraw", "resolve_first_key"], waiting.Audit.Select(entry => entry.Action));
        var log = await stack.Admin.GetFromJsonAsync<DecisionLog>("admin/decisions?hours=1");
        Assert.Equal(
            [
                $"reopen resolved reopened {ids[0]} 2",
                $"resolve open resolved {ids[0]} 2",
                $"resolve_first_key open open {ids[1]} 1",
                $"withdraw open open {ids[1]} 1",
            ],
            log!
                .Decisions.Where(one => one.Note?.Contains(_mark, StringComparison.Ordinal) == true)
                .Select(one => $"{one.Action} {one.From} {one.To} {one.SubjectId} {one.Subjects}")
                .Order(StringComparer.Ordinal)
        );

        async Task<(int Changed, int Refused)> UndoAsync(string action, IReadOnlyList<long> which)
        {
            var request = new
            {
                ids = which,
                note = $"Undone {_mark}.",
                action,
            };
            var (_, answer, _) = await stack.Admin.PostAsync("reconciliation/resolve", request);
            return (answer.GetProperty("changed").GetInt32(), answer.GetProperty("refused").GetArrayLength());
        }
    }

    [Fact]
    [Trait("Category", "Console")]
    public async Task Assignment_NamesTheAssigneeBefore()
    {
        var id = (await InsertAsync(1))[0];
        foreach (
            var (assignee, note) in new[] { ("Grace", "On duty."), ("Bob", "Her shift is over."), ("", "He is ill."), ("Ada", "Mine.") }
        )
        {
            var request = new
            {
                action = "assign",
                assignee,
                note,
            };
            Assert.Equal(200, (await DecideAsync(id, ApiStack.AdaKey, "Ada", request)).Status);
        }

        var (status, refusal, _) = await DecideAsync(id, ApiStack.AdaKey, "Ada", new { action = "assign", assignee = "Eve" });
        Assert.Equal((400, "malformed_request"), (status, refusal.Code()));
        var detail = await stack.Admin.GetFromJsonAsync<DiscrepancyDetail>($"reconciliation/discrepancies/{id}");
        Assert.Equal(
            [
                "From nobody to Ada. Mine.",
                "From Bob to nobody. He is ill.",
                "From Grace to Bob. Her shift is over.",
                "From nobody to Grace. On duty.",
            ],
            detail!.Audit.OrderByDescending(entry => entry.Id).Select(entry => entry.Note)
        );
    }

    [Fact]
    [Trait("Category", "Console")]
    public async Task AssignmentWithoutANote_AsEarlierVersionsTookIt_IsReadable()
    {
        var id = (await InsertAsync(1))[0];
        await stack.ExecuteAsync(
            $"""
            INSERT INTO discrepancy_audit (discrepancy_id, actor, key_name, action, from_state, to_state, note)
            VALUES ({id}, 'Ada', 'ada', 'assign', 'open', 'open', NULL)
            """
        );
        var detail = (await stack.Admin.GetFromJsonAsync<DiscrepancyDetail>($"reconciliation/discrepancies/{id}"))!;
        Assert.Equal((null, null), (detail.Discrepancy.Note, detail.Audit.Single().Note));
    }

    [Fact]
    [Trait("Category", "Console")]
    public async Task AnUndo_TakesBackItsOwnDecision_AndNothingThatWasDecidedSince()
    {
        var ids = await InsertAsync(4);
        var batch = await ManyAsync("acknowledge", ids, null, expected: 4);
        // A note decides nothing; the others are decided again, one of them to the same state.
        await DecideAsync(ids[0], ApiStack.GraceKey, "Grace", new { action = "note", note = "Looked at it." });
        await DecideAsync(
            ids[1],
            ApiStack.GraceKey,
            "Grace",
            new
            {
                action = "assign",
                assignee = "Bob",
                note = "His.",
            }
        );
        await DecideAsync(ids[2], ApiStack.GraceKey, "Grace", new { action = "reopen", note = "Not yet." });
        await DecideAsync(ids[2], ApiStack.GraceKey, "Grace", new { action = "acknowledge", note = "Now." });

        var undo = await ManyAsync("reopen", ids, batch, expected: 2);
        Assert.Equal(["reopened", "acknowledged", "acknowledged", "reopened"], await StatesAsync());
        // The undo is itself a decision since.
        await ManyAsync("reopen", ids, batch, expected: 0);
        await ManyAsync("acknowledge", [ids[0], ids[3]], undo, expected: 2);
        await ManyAsync("reopen", ids, Guid.NewGuid(), expected: 0);
        Assert.Equal(Enumerable.Repeat("acknowledged", 4), await StatesAsync());

        // A decision about one has a batch of its own, so it is undone in the same way.
        var (_, one, _) = await DecideAsync(ids[3], ApiStack.AdaKey, "Ada", new { note = "Done." });
        var single = one.GetProperty("audit").EnumerateArray().First().GetProperty("batch").GetGuid();
        await ManyAsync("reopen", [ids[3]], single, expected: 1);

        async Task<Guid> ManyAsync(string action, IReadOnlyList<long> which, Guid? undoes, int expected)
        {
            var request = new BulkResolveRequest(which, "A cause.", action, Undoes: undoes);
            var (status, answer, _) = await stack.Admin.PostAsync("reconciliation/resolve", request);
            Assert.Equal((200, expected), (status, answer.GetProperty("changed").GetInt32()));
            Assert.All(
                answer.GetProperty("refused").EnumerateArray(),
                refused => Assert.Equal("Something else was decided about it since.", refused.GetProperty("reason").GetString())
            );
            return answer.GetProperty("batch").GetGuid();
        }

        async Task<IReadOnlyList<string>> StatesAsync() =>
            await stack.ScalarAsync<string[]>(
                $"SELECT array_agg(state ORDER BY discrepancy_id) FROM discrepancies WHERE market_id = {_market}"
            );
    }

    [Fact]
    public async Task Decisions_AreThoseOfPersons_AndNotWhatTheReconcilerFoundOrRepaired()
    {
        var id = (await InsertAsync(1))[0];
        await stack.ExecuteAsync(
            $"""
            INSERT INTO discrepancy_audit (discrepancy_id, actor, action, from_state, to_state)
            VALUES ({id}, 'reconciler', 'found', 'none', 'open'), ({id}, 'auto-fix', 'repair', 'open', 'resolved'),
                ({id}, 'Before keys had names', 'reopen', 'resolved', 'reopened')
            """
        );
        await DecideAsync(id, ApiStack.AdaKey, "reconciler", new { note = "Paid back." });
        var log = await stack.Admin.GetFromJsonAsync<DecisionLog>("admin/decisions?hours=1");
        Assert.Equal(
            ["resolve ada", "reopen "],
            log!.Decisions.Where(one => (one.Subject, one.SubjectId) == ("discrepancy", $"{id}")).Select(one => $"{one.Action} {one.Key}")
        );
    }

    [Fact]
    public async Task FiveThousand_AreResolvedAtOnce_WithOneBatchInTheAudit_AndThoseThatDoNotFitAreNamed()
    {
        var ids = await InsertAsync(DecisionLimits.Bulk);
        await stack.ExecuteAsync($"UPDATE discrepancies SET state = 'resolved' WHERE discrepancy_id = {ids[7]}");
        await stack.ExecuteAsync($"UPDATE discrepancies SET amount = 5000000000 WHERE discrepancy_id = {ids[8]}");
        var (status, answer, _) = await stack.Admin.PostAsync("reconciliation/resolve", new { ids, note = "One cause." });
        Assert.Equal(200, status);
        Assert.Equal((4_999, 1), (answer.GetProperty("changed").GetInt32(), answer.GetProperty("awaiting").GetInt32()));
        var refused = answer.GetProperty("refused").EnumerateArray().Single();
        Assert.Equal((ids[7], "state_conflict"), (refused.GetProperty("id").GetInt64(), refused.GetProperty("code").GetString()));
        var before = answer.GetProperty("before").EnumerateArray().ToList();
        Assert.Equal(4_999, before.Count);
        Assert.All(before, one => Assert.Equal("open", one.GetProperty("state").GetString()));
        var batch = answer.GetProperty("batch").GetGuid();
        Assert.Equal(4_999L, await stack.ScalarAsync<long>($"SELECT count(*) FROM discrepancy_audit WHERE batch_id = '{batch}'"));
        Assert.Equal(
            4_999L,
            await stack.ScalarAsync<long>($"SELECT count(*) FROM discrepancies WHERE natural_key LIKE '{_mark}%' AND state = 'resolved'")
        );

        foreach (
            var wrong in new object[]
            {
                new { ids = Array.Empty<long>(), note = "x" },
                new { ids = new long[] { 1, 1 }, note = "x" },
                new { ids = Enumerable.Range(1, DecisionLimits.Bulk + 1), note = "x" },
            }
        )
            Assert.Equal(400, (await stack.Admin.PostAsync("reconciliation/resolve", wrong)).Status);
    }

    [Fact]
    public async Task Assigned_Noted_IgnoredUntil_Filtered()
    {
        var ids = await InsertAsync(3);
        var assigned = new
        {
            action = "assign",
            assignee = "Grace",
            note = "Hers.",
        };
        Assert.Equal(200, (await DecideAsync(ids[0], ApiStack.AdminKey, "Ada", assigned)).Status);
        Assert.Equal(200, (await DecideAsync(ids[0], ApiStack.AdminKey, "Ada", new { action = "note", note = "Asked the maker." })).Status);
        var until = DateTimeOffset.UtcNow.AddHours(1);
        Assert.Equal(
            200,
            (
                await DecideAsync(
                    ids[1],
                    ApiStack.AdminKey,
                    "Ada",
                    new
                    {
                        action = "ignore",
                        note = "Until the fork.",
                        until,
                    }
                )
            ).Status
        );
        await stack.ExecuteAsync($"UPDATE discrepancies SET first_seen_at = now() - interval '30 minutes' WHERE discrepancy_id = {ids[0]}");
        await stack.ExecuteAsync(
            $"UPDATE discrepancies SET first_seen_at = now() - interval '3 days', absent_since = now() WHERE discrepancy_id = {ids[2]}"
        );

        Assert.Equal([ids[0]], await IdsAsync("assignee=Grace"));
        Assert.Equal([ids[2], ids[1]], await IdsAsync("assignee=none"));
        Assert.Equal([ids[0]], await IdsAsync("age=5-60m"));
        Assert.Equal([ids[1]], await IdsAsync("age=0-5m"));
        Assert.Equal([ids[2]], await IdsAsync("age=24h%2B"));
        Assert.Equal([ids[1], ids[0]], await IdsAsync("present=true"));
        var (dayAgo, twoDaysAgo) = ($"{DateTime.UtcNow.AddDays(-1):s}Z", $"{DateTime.UtcNow.AddDays(-2):s}Z");
        Assert.Equal([ids[1], ids[0]], await IdsAsync($"from={dayAgo}"));
        Assert.Equal([ids[2]], await IdsAsync($"to={dayAgo}"));
        Assert.Empty(await IdsAsync($"from={twoDaysAgo}&to={dayAgo}"));
        using var file = await stack.Admin.GetAsync($"reconciliation/discrepancies/export?format=csv&text={_mark}&to={dayAgo}");
        Assert.Equal(2, (await file.Content.ReadAsStringAsync()).TrimEnd().Split('\n').Length);
        await stack.ExecuteAsync($"UPDATE discrepancies SET summary = 'Of 50 % of_ids' WHERE discrepancy_id = {ids[1]}");
        Assert.Equal([ids[1]], await IdsAsync("text=50%20%25%20OF_"));
        // Neither a sign of a pattern nor of SQL means anything in a text.
        Assert.Empty(await IdsAsync("text=50%25_of"));
        Assert.Empty(await IdsAsync("text=%27%20OR%20true%20--"));
        foreach (
            var wrong in new[]
            {
                "age=old",
                "from=yesterday",
                $"from={dayAgo}&to={twoDaysAgo}",
                $"text={new string('x', 101)}",
                "text=a%00b",
            }
        )
            Assert.Equal(400, (int)(await stack.Admin.GetAsync($"reconciliation/discrepancies?{wrong}")).StatusCode);

        var view = (await stack.Admin.GetFromJsonAsync<DiscrepancyDetail>($"reconciliation/discrepancies/{ids[1]}"))!.Discrepancy;
        Assert.Equal(("ignored", until.ToUnixTimeMilliseconds()), (view.State, view.IgnoredUntil!.Value.ToUnixTimeMilliseconds()));
        var status = await stack.Admin.GetFromJsonAsync<ReconciliationStatus>("reconciliation/status");
        Assert.Equal(DiscrepancyAges.All, status!.OpenByAge!.Select(bucket => bucket.Age));
        Assert.Equal(status.OpenDiscrepancies, status.OpenByAge!.Sum(bucket => bucket.Count));
        Assert.True(status.OpenByAge![1].Count > 0 && status.OpenByAge[3].Count > 0);
        Assert.Equal("1000", status.FourEyesOver);
    }

    [Fact]
    public async Task AList_IsSortedAndPagedByTheDatabase_AndCounted()
    {
        var ids = await InsertAsync(5);
        await stack.ExecuteAsync(
            $"""
            UPDATE discrepancies SET
                state = (ARRAY['open', 'resolved', 'acknowledged', 'reopened', 'open'])[discrepancy_id - {ids[0]} + 1],
                amount = (ARRAY[30, NULL, 10, 20, 40])[discrepancy_id - {ids[0]} + 1],
                last_seen_at = now() - (discrepancy_id - {ids[0]}) * interval '1 s'
            WHERE discrepancy_id = ANY (ARRAY[{string.Join(", ", ids)}]::bigint[])
            """
        );

        Assert.Equal([4, 3, 2, 1, 0], await OrderAsync(""));
        Assert.Equal([0, 1, 2, 3, 4], await OrderAsync("sort=id"));
        Assert.Equal([0, 3, 4, 2, 1], await OrderAsync("sort=urgency"));
        Assert.Equal([2, 3, 0, 4, 1], await OrderAsync("sort=amount"));
        Assert.Equal([4, 0, 3, 2, 1], await OrderAsync("sort=-amount"));
        Assert.Equal([0, 4], await OrderAsync("sort=amount&limit=2&offset=2"));
        Assert.Empty(await OrderAsync("sort=amount&offset=5"));
        foreach (var sort in DiscrepancySorts.Names)
        {
            var page = await PageAsync($"sort=-{sort}&limit=2");
            Assert.Equal((5, 2, sort == "id"), (page.Total, page.Items.Count, page.Next is not null));
        }

        async Task<IEnumerable<int>> OrderAsync(string query) => (await PageAsync(query)).Items.Select(row => ids.IndexOf(row.Id));

        async Task<CountedPage<DiscrepancyView>> PageAsync(string query) =>
            (
                await stack.Admin.GetFromJsonAsync<CountedPage<DiscrepancyView>>(
                    $"reconciliation/discrepancies?market={_market}&{query}".TrimEnd('&')
                )
            )!;
    }

    [Fact]
    public async Task CriticalOnesThatWait_AreCounted_WithTheFirstSightOfTheOldest()
    {
        var ids = await InsertAsync(3);
        var list = string.Join(", ", ids);
        await stack.ExecuteAsync(
            $"""
            UPDATE discrepancies SET severity = 'critical', first_seen_at = '2020-01-01Z'::timestamptz + discrepancy_id * interval '1 s',
                state = CASE WHEN discrepancy_id = {ids[0]} THEN 'resolved' ELSE 'open' END
            WHERE discrepancy_id IN ({list})
            """
        );
        try
        {
            var critical = (await stack.Admin.GetFromJsonAsync<ReconciliationStatus>("reconciliation/status"))!.Critical!;
            Assert.True(critical.Count >= 2);
            Assert.Equal(DateTimeOffset.Parse("2020-01-01Z").AddSeconds(ids[1]), critical.OldestAt);
        }
        finally
        {
            await stack.ExecuteAsync($"DELETE FROM discrepancies WHERE discrepancy_id IN ({list})");
        }
    }

    [Fact]
    public async Task AnExport_HoldsTheSameAsCsvAndAsJson()
    {
        var ids = await InsertAsync(4);
        await stack.ExecuteAsync(
            $$"""
            UPDATE discrepancies
            SET summary = '=1+1', note = E'first "line"\r\nsecond, line', assignee = '''O', on_chain = '{"a": "-5"}', trade_id = -7
            WHERE discrepancy_id = {{ids[
                1
            ]}}
            """
        );
        var filter = $"market={_market}";
        using var json = await stack.Admin.GetAsync($"reconciliation/discrepancies/export?format=json&{filter}");
        using var csv = await stack.Admin.GetAsync($"reconciliation/discrepancies/export?{filter}");
        Assert.Equal("text/csv", csv.Content.Headers.ContentType!.MediaType);
        Assert.EndsWith(".csv", csv.Content.Headers.ContentDisposition!.FileName!.Trim('"'));
        var lines = ParseCsv(await csv.Content.ReadAsStringAsync());
        var rows = (await json.Content.ReadFromJsonAsync<List<Dictionary<string, JsonElement>>>())!;
        Assert.Equal(ids.AsEnumerable().Reverse(), rows.Select(row => row["id"].GetInt64()));
        Assert.Equal(rows[0].Keys, lines[0]);
        Assert.Equal(rows.Select(row => string.Join('|', row.Values.Select(Text))), lines.Skip(1).Select(line => string.Join('|', line)));
        Assert.Contains(lines, line => line.Contains("=1+1"));
        Assert.Contains("'=1+1", await csv.Content.ReadAsStringAsync());
        static string Text(JsonElement value) => value.ValueKind == JsonValueKind.Null ? "" : value.ToString();

        using var sorted = await stack.Admin.GetAsync($"reconciliation/discrepancies/export?format=json&sort=-assignee&{filter}");
        var first = (await sorted.Content.ReadFromJsonAsync<List<Dictionary<string, JsonElement>>>())![0];
        Assert.Equal(ids[1], first["id"].GetInt64());
        using var wrong = await stack.Admin.GetAsync("reconciliation/discrepancies/export?sort=amounts");
        Assert.Equal(400, (int)wrong.StatusCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ARun_SaysWhoAskedForIt_AndWithWhichKey(bool dryRun)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "reconciliation/trigger")
        {
            Content = JsonContent.Create(new { note = "Before the release.", dryRun }),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", ApiStack.GraceKey);
        request.Headers.Add("X-Foresight-Operator", "Ada");
        using var answer = await stack.Http.SendAsync(request);
        var id = (await answer.Content.ReadFromJsonAsync<TriggerResponse>())!.RunId;
        // Joining a requested run changes nothing, so it is not attributed to the second caller.
        await stack.Admin.PostAsync("reconciliation/trigger", new { note = "Again.", dryRun });
        await stack.ExecuteAsync(
            "UPDATE reconciliation_runs SET state = 'succeeded', finished_at = now(), note = 'Left out.' WHERE state = 'requested'"
        );
        var run = (await stack.Admin.GetFromJsonAsync<RunView>($"reconciliation/runs/{id}"))!;
        Assert.Equal(("Ada", "grace", "Left out.", "Before the release."), (run.RequestedBy, run.RequestedKey, run.Note, run.Reason));
        var log = await stack.Admin.GetFromJsonAsync<DecisionLog>("admin/decisions?hours=1&subject=run&actor=Ada");
        Assert.All(log!.Decisions, one => Assert.Equal(("run", "Ada"), (one.Subject, one.Actor)));
        Assert.Contains(
            $"{id} {(dryRun ? "dry_run" : "run")} grace Before the release.",
            log.Decisions.Select(one => $"{one.SubjectId} {one.Action} {one.Key} {one.Note}")
        );
    }

    [Fact]
    public async Task ADryRun_IsARunOfItsOwn_AndItsRepairsShowBothSides()
    {
        var (_, dry, _) = await stack.Admin.PostAsync("reconciliation/trigger", new { note = "Plan it.", dryRun = true });
        var id = dry.GetProperty("runId").GetInt64();
        var (_, plain, _) = await stack.Admin.PostAsync("reconciliation/trigger", new { note = "Do it." });
        Assert.NotEqual(id, plain.GetProperty("runId").GetInt64());
        await stack.ExecuteAsync(
            $$"""
            UPDATE reconciliation_runs
            SET state = 'succeeded', finished_at = now(), ledger_total = 5000001, chain_total = 5000000, holdings_compared = 4
            WHERE state = 'requested';
            INSERT INTO reconciliation_repairs (run_id, natural_key, kind, state, before, after)
            VALUES ({{id}}, 'status_mismatch:5', 'status_mismatch', 'planned', '{"settlement": "failed"}', '{"settlement": "final"}')
            """
        );
        Assert.True((await stack.Admin.GetFromJsonAsync<RunView>($"reconciliation/runs/{id}"))!.DryRun);
        var repair = Assert.Single((await stack.Admin.GetFromJsonAsync<Page<RepairView>>($"reconciliation/runs/{id}/repairs"))!.Items);
        Assert.Equal(
            ("planned", """{"settlement": "failed"}""", """{"settlement": "final"}"""),
            (repair.State, repair.Before, repair.After)
        );
        var solvency = (await stack.Admin.GetFromJsonAsync<ReconciliationStatus>("reconciliation/status"))!.Solvency!;
        Assert.Equal(("5.000001", "5", "-0.000001", 4L), (solvency.Ledger, solvency.Chain, solvency.Delta, solvency.Holdings));
        Assert.Equal(404, (int)(await stack.Admin.GetAsync("reconciliation/runs/999999")).StatusCode);
    }

    private async Task<List<long>> InsertAsync(int count, string amount = "5")
    {
        await stack.ExecuteAsync(
            $"""
            INSERT INTO discrepancies (natural_key, kind, severity, summary, amount, market_id)
            SELECT '{_mark}:' || lpad(n::text, 4, '0'), 'amount_mismatch', 'high', 'x', {amount}, {_market}
            FROM generate_series(1, {count}) n
            """
        );
        return
        [
            .. (
                await stack.ScalarAsync<long[]>(
                    $"SELECT array_agg(discrepancy_id ORDER BY discrepancy_id) FROM discrepancies WHERE market_id = {_market}"
                )
            ),
        ];
    }

    private async Task<List<long>> IdsAsync(string filter) =>
        [
            .. (
                await stack.Admin.GetFromJsonAsync<Page<DiscrepancyView>>($"reconciliation/discrepancies?market={_market}&{filter}")
            )!.Items.Select(d => d.Id),
        ];

    private async Task<(int Status, JsonElement Answer, HttpResponseHeaders Headers)> DecideAsync(
        long id,
        string key,
        string name,
        object body
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"reconciliation/resolve/{id}") { Content = JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Headers.Add("X-Foresight-Operator", Uri.EscapeDataString(name));
        using var response = await stack.Http.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>(), response.Headers);
    }

    private static string? StateOf(JsonElement detail) => detail.GetProperty("discrepancy").GetProperty("state").GetString();

    private static List<List<string>> ParseCsv(string text)
    {
        var lines = new List<List<string>> { new() };
        var (cell, quoted) = (new StringBuilder(), false);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quoted && c == '"' && i + 1 < text.Length && text[i + 1] == '"')
                cell.Append(text[++i]);
            else if (c == '"')
                quoted = !quoted;
            else if (!quoted && c == ',')
                End();
            else if (!quoted && c == '\r' && text[i + 1] == '\n')
            {
                i++;
                End();
                lines.Add([]);
            }
            else
                cell.Append(c);
        }

        lines.RemoveAt(lines.Count - 1);
        return lines;

        void End()
        {
            var value = cell.ToString();
            lines[^1].Add(value.StartsWith('\'') ? value[1..] : value);
            cell.Clear();
        }
    }
}
