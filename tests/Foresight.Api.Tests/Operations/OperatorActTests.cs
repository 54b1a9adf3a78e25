using System.Net.Http.Json;
using System.Text.Json;
using Foresight.Api.Tests.Stack;
using Foresight.Cluster;
using Foresight.Cluster.Proof;
using Foresight.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Api.Tests.Operations;

[Collection(ApiStackCollection.Name)]
[Trait("Category", "Console")]
public sealed class OperatorActTests(ApiStack stack) : IAsyncLifetime
{
    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() =>
        stack.ExecuteAsync(
            """
            DELETE FROM operator_holds; DELETE FROM operator_waiting; DELETE FROM operator_audit; DELETE FROM step_downs;
            DELETE FROM settlement_status
            """
        );

    [Fact]
    public async Task OneKeyHaltsSettlement_TwoResume_AndEachStepIsRecorded()
    {
        var halted = await ActAsync("settlement", ApiStack.AdaKey, "Ada", "halt", "Odd gas.");
        var hold = Assert.Single(halted.Holds);
        Assert.Equal(("settlement", "all", "Ada", "ada", "Odd gas."), (hold.Subject, hold.SubjectId, hold.By, hold.Key, hold.Note));
        Assert.True(halted.TakesTwoKeys);
        await RefusedAsync("settlement", ApiStack.GraceKey, "halt", 409, "state_conflict");

        var waiting = await ActAsync("settlement", ApiStack.AdaKey, "Ada", "resume", "All is well.");
        Assert.Equal(("resume", "ada"), (waiting.Waiting.Single().Action, waiting.Waiting.Single().Key));
        Assert.Single(waiting.Holds);
        await RefusedAsync("settlement", ApiStack.AdaKey, "resume", 409, "second_person_needed");
        var resumed = await ActAsync("settlement", ApiStack.GraceKey, "Grace", "resume", "Agreed.");
        Assert.Empty(resumed.Holds);
        Assert.Empty(resumed.Waiting);
        await RefusedAsync("settlement", ApiStack.GraceKey, "resume", 409, "state_conflict");

        var log = await stack.Admin.GetFromJsonAsync<DecisionLog>("admin/decisions?hours=1");
        Assert.Equal(
            [
                "resume grace Grace: Agreed. (halted, running)",
                "resume_first_key ada Ada: All is well. (halted, halted)",
                "halt ada Ada: Odd gas. (running, halted)",
            ],
            log!
                .Decisions.Where(one => (one.Subject, one.SubjectId) == ("settlement", "all"))
                .Select(one => $"{one.Action} {one.Key} {one.Actor}: {one.Note} ({one.From}, {one.To})")
        );
    }

    [Fact]
    public async Task AHold_IsInTheOverview_AndAWaitingResumeLapsesOrIsWithdrawn()
    {
        await ActAsync("settlement", ApiStack.AdaKey, "Ada", "halt", "Odd gas.");
        await ActAsync("settlement", ApiStack.AdaKey, "Ada", "resume", "All is well.");
        var overview = await stack.Admin.GetFromJsonAsync<AdminOverview>("admin/overview");
        Assert.Equal(("Ada", "resume"), (overview!.Controls!.Holds.Single().By, overview.Controls.Waiting.Single().Action));

        await stack.ExecuteAsync("UPDATE operator_waiting SET at = now() - interval '24 hours'");
        Assert.Empty((await ControlsAsync()).Waiting);
        await RefusedAsync("settlement", ApiStack.GraceKey, "withdraw", 409, "state_conflict");
        await ActAsync("settlement", ApiStack.GraceKey, "Grace", "resume", "Only the first again.");
        var withdrawn = await ActAsync("settlement", ApiStack.AdaKey, "Ada", "withdraw", "Not yet.");
        Assert.Empty(withdrawn.Waiting);
        Assert.Single(withdrawn.Holds);
    }

    [Fact]
    public async Task AResume_AllowsExactlyTheReorganisationThatSettlementHaltedFor()
    {
        await stack.ExecuteAsync(
            """
            INSERT INTO settlement_status (node_id, epoch, head_block, confirmed_block, confirmations, halted, halted_since, halted_block)
            VALUES ('n1', 1, 90, 80, 2, 'undone', now(), '\x0a')
            """
        );
        await ActAsync("settlement", ApiStack.AdaKey, "Ada", "resume", "The chain is right.");
        Assert.False(await AllowedAsync());
        await ActAsync("settlement", ApiStack.GraceKey, "Grace", "resume", "It is.");
        Assert.True(await AllowedAsync());
        // Settlement has not gone on yet, and nothing more is to be decided.
        await RefusedAsync("settlement", ApiStack.AdaKey, "resume", 409, "state_conflict");

        Task<bool> AllowedAsync() => stack.ScalarAsync<bool>("SELECT allowed_block IS NOT DISTINCT FROM '\\x0a' FROM settlement_status");
    }

    /// <summary>
    /// The next one in line may be one that no node takes, and it is the one that holds up all others. One of a former key stands in no
    /// line of this one.
    /// </summary>
    [Fact]
    [Trait("Category", "Trust")]
    public async Task ABump_NamesTheCurrentKeysNextTransactionInLine_AlsoOneThatIsOnlySigned()
    {
        await stack.ExecuteAsync(
            """
            INSERT INTO settlement_status (node_id, epoch, head_block, confirmed_block, confirmations, signer)
            VALUES ('n1', 1, 90, 80, 2, '\x01');
            INSERT INTO settlement_batches (signer, nonce, raw_tx, tx_hash, state, epoch, generation)
            VALUES ('\x02', -3, '', '\xbeef00', 'broadcast', 1, 1)
            """
        );
        try
        {
            await RefusedAsync("settlement", ApiStack.AdaKey, "bump", 409, "state_conflict");
            await stack.ExecuteAsync(
                """
                INSERT INTO settlement_batches (signer, nonce, raw_tx, tx_hash, state, epoch, generation)
                VALUES ('\x01', -2, '', '\xbeef01', 'signed', 1, 1), ('\x01', -1, '', '\xbeef02', 'broadcast', 1, 1)
                """
            );
            await ActAsync("settlement", ApiStack.AdaKey, "Ada", "bump", "It is stuck.");
            Assert.Equal(
                -2L,
                await stack.ScalarAsync<long>("SELECT nonce FROM settlement_batches JOIN settlement_status ON bumped_batch = batch_id")
            );
        }
        finally
        {
            await stack.ExecuteAsync("UPDATE settlement_status SET bumped_batch = NULL; DELETE FROM settlement_batches WHERE nonce < 0");
        }
    }

    [Fact]
    public async Task AReplica_IsTakenOutOnTheNode_AndPutInAgain()
    {
        await ActAsync("replicas/replica-1", ApiStack.AdaKey, "Ada", "take_out", "It is to be rebuilt.");
        await Eventually.TrueAsync("the node honours it", Eventually.Patience, () => IsOutAsync(true));
        var reads = (await StatusAsync()).ReadsFromReplicas;
        for (var i = 0; i < 10; i++)
            Assert.Equal(200, (int)(await stack.Http.GetAsync(new Uri("trades?limit=1", UriKind.Relative))).StatusCode);
        Assert.Equal(reads, (await StatusAsync()).ReadsFromReplicas);
        await RefusedAsync("replicas/replica-1", ApiStack.AdaKey, "take_out", 409, "state_conflict");
        await RefusedAsync("replicas/replica-9", ApiStack.AdaKey, "take_out", 404, "not_found");

        await ActAsync("replicas/replica-1", ApiStack.GraceKey, "Grace", "put_in", "Rebuilt.");
        await Eventually.TrueAsync("the node honours it", Eventually.Patience, () => IsOutAsync(false));

        async Task<DatabaseStatus> StatusAsync() => (await stack.Admin.GetFromJsonAsync<DatabaseStatus>("database/status"))!;
        async Task<bool> IsOutAsync(bool isOut) => (await StatusAsync()).Replicas.Single() is { Healthy: true } one && one.IsOut == isOut;
    }

    [Fact]
    public async Task ALeader_IsAskedToStepDownInItsTerm_OnlyIfAnotherNodeIsThere()
    {
        using var redis = stack.ConnectAsNode();
        var registry = new NodeRegistry(
            redis.Database,
            TestHints.Of(ApiStack.ClusterSecret),
            new NoNotices(),
            TimeProvider.System,
            NullLogger<NodeRegistry>.Instance
        );
        await stack.ExecuteAsync(
            """
            INSERT INTO leadership (resource, epoch, token, node_id, address, session_name, lease_ms, acquired_at, renewed_at)
            VALUES ('acted-on', 7, gen_random_uuid(), 'm1', '', 's', 3600000, now(), now())
            """
        );
        try
        {
            await RefusedAsync("leaders/unknown", ApiStack.AdaKey, "step_down", 404, "not_found");
            await RefusedAsync("leaders/acted-on", ApiStack.AdaKey, "step_down", 409, "state_conflict");
            await RefusedAsync("nodes/m1", ApiStack.AdaKey, "drain", 404, "not_found");
            await AnnounceAsync("m1");
            await RefusedAsync("leaders/acted-on", ApiStack.AdaKey, "step_down", 409, "state_conflict");
            await RefusedAsync("nodes/m1", ApiStack.AdaKey, "drain", 409, "state_conflict");
            await AnnounceAsync("m2");
            // A drained node cannot take over, and the last one is not drained.
            await ActAsync("nodes/m2", ApiStack.AdaKey, "Ada", "drain", "Its disk.");
            await RefusedAsync("leaders/acted-on", ApiStack.AdaKey, "step_down", 409, "state_conflict");
            await RefusedAsync("nodes/m1", ApiStack.AdaKey, "drain", 409, "state_conflict");
            await ActAsync("nodes/m2", ApiStack.AdaKey, "Ada", "undrain", "Replaced.");

            await ActAsync("leaders/acted-on", ApiStack.AdaKey, "Ada", "step_down", "It is slow.");
            Assert.Equal(7L, await stack.ScalarAsync<long>("SELECT epoch FROM step_downs WHERE resource = 'acted-on'"));
            await RefusedAsync("leaders/acted-on", ApiStack.AdaKey, "step_down", 409, "state_conflict");
            await stack.ExecuteAsync("UPDATE leadership SET renewed_at = NULL WHERE resource = 'acted-on'");
            await RefusedAsync("leaders/acted-on", ApiStack.AdaKey, "step_down", 409, "state_conflict");
            var log = await stack.Admin.GetFromJsonAsync<DecisionLog>("admin/decisions?hours=1");
            var act = Assert.Single(log!.Decisions, one => one.Subject == "leader");
            Assert.Equal(("acted-on", "m1 in epoch 7", "m1 in epoch 7 steps down"), (act.SubjectId, act.From, act.To));
        }
        finally
        {
            await stack.ExecuteAsync("DELETE FROM leadership WHERE resource = 'acted-on'");
            foreach (var node in new[] { "m1", "m2" })
                await registry.DropAsync(node);
        }

        Task AnnounceAsync(string node) =>
            registry.AnnounceAsync(
                new NodeRecord(node, NodeKinds.Matching, "", NodeStates.Follower, "1", 1, DateTimeOffset.UtcNow, DateTimeOffset.UtcNow, [])
            );
    }

    [Theory]
    [InlineData("""{"action":"halt"}""")]
    [InlineData("""{"action":"drain","note":"x"}""")]
    [InlineData("""{"action":"halt","note":"x","force":true}""")]
    [InlineData("""{}""")]
    public async Task WhatIsMalformed_ChangesNothing(string body)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var answer = await stack.Admin.PostAsync(new Uri("admin/settlement/acts", UriKind.Relative), content);
        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Empty((await ControlsAsync()).Holds);
        Assert.Equal(0L, await stack.ScalarAsync<long>("SELECT count(*) FROM operator_audit"));
    }

    [Fact]
    public async Task WithoutAKey_NothingIsShownOrDone()
    {
        Assert.Equal(401, (await stack.Http.PostAsync("admin/settlement/acts", new { action = "halt", note = "x" })).Status);
        Assert.Equal(401, (int)(await stack.Http.GetAsync(new Uri("admin/controls", UriKind.Relative))).StatusCode);
        Assert.Empty((await ControlsAsync()).Holds);
    }

    [Fact]
    public async Task TheNumberOfHolds_IsBounded()
    {
        await stack.ExecuteAsync(
            """
            INSERT INTO operator_holds (subject, subject_id, actor, key_name, note)
            SELECT 'node', 'gone-' || n, 'Ada', 'ada', 'gone' FROM generate_series(1, 200) AS n
            """
        );
        await RefusedAsync("settlement", ApiStack.AdaKey, "halt", 409, "state_conflict");
        await ActAsync("nodes/gone-7", ApiStack.AdaKey, "Ada", "undrain", "It will not come back.");
        await ActAsync("settlement", ApiStack.AdaKey, "Ada", "halt", "Odd gas.");
    }

    private async Task<OperatorControls> ControlsAsync() => (await stack.Admin.GetFromJsonAsync<OperatorControls>("admin/controls"))!;

    private async Task<OperatorControls> ActAsync(string path, string key, string name, string action, string note)
    {
        var (status, answer) = await PostAsync(path, key, name, action, note);
        Assert.True(status == 200, answer.ToString());
        return answer.Deserialize<OperatorControls>(JsonSerializerOptions.Web)!;
    }

    private async Task RefusedAsync(string path, string key, string action, int status, string code)
    {
        var answer = await PostAsync(path, key, "Somebody", action, "Because.");
        Assert.Equal((status, code), (answer.Status, answer.Body.Code()));
    }

    private async Task<(int Status, JsonElement Body)> PostAsync(string path, string key, string name, string action, string note)
    {
        var (status, body, response) = await stack.Http.PostAsync(
            $"admin/{path}/acts",
            new { action, note },
            ("Authorization", $"Bearer {key}"),
            (ApiHeaders.Operator, name)
        );
        response.Dispose();
        return (status, body);
    }
}
