using System.Net.Http.Json;
using System.Text.Json;
using Foresight.Api.Tests.Stack;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Orders;

[Collection(ApiStackCollection.Name)]
public sealed class OffenderGateTests(ApiStack stack)
{
    private static long _trades = 9_000_000;

    [Fact]
    public async Task AnOffenderIsCapped_ThenRefused_UntilItIsReset_AndTheResetIsInTheAudit()
    {
        await using var gateway = await AcceptingGatewayAsync();
        var eve = PrivateKey.Random();
        await stack.ExecuteAsync(
            "INSERT INTO accounts (account_id, address) SELECT coalesce(max(account_id), 0) + 1, "
                + $"'\\x{eve.Address.ToLowerHex()[2..]}' FROM accounts"
        );
        Assert.Equal(201, (await PlaceAsync(eve)).Status);

        // The cap is 1,000 USDC, so open orders of 999.6 leave no room for one more, which is worth 0.5.
        await OffendAsync(eve, "insufficient_collateral");
        await OpenAsync(eve, ticks: 9_996, lots: 100_000);
        var capped = await EventuallyRefusedAsync(eve);
        Assert.Contains("999.6 are open", capped.Body.GetProperty("detail").GetString());
        Assert.InRange(capped.RetryAfter, 500, 601);
        await stack.ExecuteAsync($"UPDATE orders SET status = 3 WHERE account_id = {AccountOf(eve)}");
        Assert.Equal(201, (await PlaceAsync(eve)).Status);

        await OffendAsync(eve, "insufficient_collateral");
        await OffendAsync(eve, "order_cancelled");
        var refused = await EventuallyRefusedAsync(eve);
        Assert.Contains("refused", refused.Body.GetProperty("detail").GetString());
        Assert.InRange(refused.RetryAfter, 500, 601);
        Assert.True(refused.Body.GetProperty("retryable").GetBoolean());
        Assert.Equal(201, (await PlaceAsync(Signed.Maker)).Status);

        var listed = (await stack.Admin.GetFromJsonAsync<List<OffenderView>>("admin/offenders"))!.Single(o =>
            Address.Parse(o.Address) == eve.Address
        );
        Assert.Equal(("refused", 60, 3), (listed.Level, listed.Points, listed.Strikes));
        Assert.Equal((2, 1), (listed.ByReason["insufficient_collateral"], listed.ByReason["order_cancelled"]));

        var refusedOnes = await stack.Admin.GetFromJsonAsync<List<OffenderView>>("admin/offenders?level=refused");
        Assert.Contains(listed.Address, refusedOnes!.Select(one => one.Address));
        var cappedOnes = await stack.Admin.GetFromJsonAsync<List<OffenderView>>("admin/offenders?level=capped");
        Assert.DoesNotContain(listed.Address, cappedOnes!.Select(one => one.Address));

        var path = $"admin/offenders/{eve.Address}";
        Assert.Equal(400, (await stack.Admin.PostAsync($"{path}/reset", new ResetOffenderRequest(" "))).Status);
        var (status, body, _) = await stack.Admin.PostAsync(
            $"{path}/reset",
            new ResetOffenderRequest("Our own fault."),
            ("X-Foresight-Operator", "ada")
        );
        Assert.Equal((200, "clear"), (status, body.GetProperty("offender").GetProperty("level").GetString()));
        Assert.Equal(
            (409, "state_conflict"),
            (await stack.Admin.PostAsync($"{path}/reset", new ResetOffenderRequest("Again."))) is var (again, problem, _)
                ? (again, problem.Code())
                : default
        );
        await Eventually.TrueAsync("orders are taken again", Eventually.Patience, async () => (await PlaceAsync(eve)).Status == 201);

        var detail = (await stack.Admin.GetFromJsonAsync<OffenderDetail>(path))!;
        Assert.Equal(
            ("ada", "admin", "reset", 3, "Our own fault."),
            detail.Audit.Select(a => (a.Actor, a.Key, a.Action, a.Waived, a.Note)).Single()
        );
        Assert.Equal(3, detail.Strikes.Count(o => o.WaivedAt is not null));
        var log = await stack.Admin.GetFromJsonAsync<DecisionLog>("admin/decisions?hours=1");
        var waiver = Assert.Single(log!.Decisions, decision => decision.SubjectId == $"{eve.Address}");
        Assert.Equal((OffenderLevels.Refused, OffenderLevels.Clear), (waiver.From, waiver.To));
        Assert.Equal(404, (int)(await stack.Admin.GetAsync($"admin/offenders/{PrivateKey.Random().Address}")).StatusCode);
        Assert.Equal(400, (int)(await stack.Admin.GetAsync("admin/offenders/nobody")).StatusCode);
        Assert.Equal(401, (int)(await stack.Http.GetAsync("admin/offenders")).StatusCode);
    }

    [Fact]
    public async Task AReset_IsTakenBackOnce_WithAllThatItWaived_AndNothingOfAnEarlierOne()
    {
        await using var gateway = await AcceptingGatewayAsync();
        var eve = PrivateKey.Random();
        var path = $"admin/offenders/{eve.Address}";
        await OffendAsync(eve, "order_cancelled");
        await RefusedUndoAsync("Nothing was waived");
        Assert.Equal(200, (await stack.Admin.PostAsync($"{path}/reset", new ResetOffenderRequest("A first one."))).Status);
        for (var i = 0; i < 3; i++)
            await OffendAsync(eve, "insufficient_collateral");
        await EventuallyRefusedAsync(eve);
        Assert.Equal(200, (await stack.Admin.PostAsync($"{path}/reset", new ResetOffenderRequest("For another."))).Status);
        await AcceptedAsync();

        var before = await DetailAsync();
        foreach (var note in new[] { "", " \t", "\u0000", new string('n', DecisionLimits.NoteLength + 1) })
        {
            var (status, problem, _) = await stack.Admin.PostAsync($"{path}/undo-reset", new UndoOffenderResetRequest(note));
            Assert.Equal((400, "malformed_request"), (status, problem.Code()));
        }
        // Another than the last, as on a page that was read before somebody decided again.
        var (refused, why, _) = await stack.Admin.PostAsync(
            $"{path}/undo-reset",
            new UndoOffenderResetRequest("The first one.", before.Audit[1].At)
        );
        Assert.Equal((409, "state_conflict"), (refused, why.Code()));
        Assert.Equivalent(before, await DetailAsync(), strict: true);

        // At once, because only one of them may restore and be recorded.
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 4)
                .Select(_ =>
                    stack.Admin.PostAsync(
                        $"{path}/undo-reset",
                        new UndoOffenderResetRequest("The wrong account.", before.Audit[0].At),
                        ("X-Foresight-Operator", "ada")
                    )
                )
        );
        Assert.Equal([200, 409, 409, 409], answers.Select(answer => answer.Status).Order());
        await RefusedUndoAsync("taken back already");
        await EventuallyRefusedAsync(eve);

        var after = await DetailAsync();
        Assert.Equal(OffenderLevels.Refused, after.Offender.Level);
        Assert.Equal(["order_cancelled"], after.Strikes.Where(strike => strike.WaivedAt is not null).Select(strike => strike.Reason));
        Assert.Equal(
            [
                ("ada", "admin", OffenderActions.UndoReset, 3, "The wrong account."),
                (after.Audit[1].Actor, "admin", OffenderActions.Reset, 3, "For another."),
                (after.Audit[2].Actor, "admin", OffenderActions.Reset, 1, "A first one."),
            ],
            after.Audit.Select(entry => (entry.Actor, entry.Key, entry.Action, entry.Waived, entry.Note))
        );
        var log = await stack.Admin.GetFromJsonAsync<DecisionLog>("admin/decisions?hours=1&subject=offender&actor=ada");
        var undone = Assert.Single(log!.Decisions, decision => decision.SubjectId == $"{eve.Address}");
        Assert.Equal(
            (OffenderActions.UndoReset, OffenderLevels.Clear, OffenderLevels.Refused, "admin", "The wrong account."),
            (undone.Action, undone.From, undone.To, undone.Key, undone.Note)
        );

        // A reset after it is one that can be taken back, unless the chain has taken its trades back.
        Assert.Equal(200, (await stack.Admin.PostAsync($"{path}/reset", new ResetOffenderRequest("For it."))).Status);
        await AcceptedAsync();
        await stack.ExecuteAsync(
            $"DELETE FROM strikes WHERE address = '\\x{eve.Address.ToLowerHex()[2..]}' AND reason = 'insufficient_collateral'"
        );
        await RefusedUndoAsync("The chain took back");

        async Task<OffenderDetail> DetailAsync() => (await stack.Admin.GetFromJsonAsync<OffenderDetail>(path))!;

        async Task RefusedUndoAsync(string why)
        {
            var entries = (await DetailAsync()).Audit.Count;
            var (status, problem, _) = await stack.Admin.PostAsync($"{path}/undo-reset", new UndoOffenderResetRequest("Again."));
            Assert.Equal((409, "state_conflict"), (status, problem.Code()));
            Assert.Contains(why, problem.GetProperty("detail").GetString());
            Assert.Equal(entries, (await DetailAsync()).Audit.Count);
        }

        Task AcceptedAsync() =>
            Eventually.TrueAsync("orders are taken again", Eventually.Patience, async () => (await PlaceAsync(eve)).Status == 201);
    }

    private Task<GatewayOfTest> AcceptingGatewayAsync() =>
        GatewayOfTest.OpenAsync(
            stack,
            command =>
                Task.FromResult(
                    new CommandResult(command.RequestId, ResultStatus.Accepted, null, 7, 11)
                    {
                        OrderStatus = "open",
                        RemainingLots = 100,
                        CommitLsn = "0/1234",
                    }
                )
        );

    private async Task<(int Status, JsonElement Body, HttpResponseMessage Response)> PlaceAsync(PrivateKey maker) =>
        await stack.Http.PostAsync("orders", Signed.Order(key: maker, maker: maker.Address));

    /// <summary>Polled, because the node refreshes the strikes each second.</summary>
    private async Task<(JsonElement Body, int RetryAfter)> EventuallyRefusedAsync(PrivateKey maker)
    {
        (JsonElement, int)? refused = null;
        await Eventually.TrueAsync(
            "the offender is limited",
            Eventually.Patience,
            async () =>
            {
                var (status, body, response) = await PlaceAsync(maker);
                if (status == 201)
                    return false;
                Assert.Equal((429, "account_limited"), (status, body.Code()));
                refused = (body, int.Parse(response.Headers.GetValues("Retry-After").Single()));
                return true;
            }
        );
        return refused!.Value;
    }

    private static string AccountOf(PrivateKey key) =>
        $"(SELECT account_id FROM accounts WHERE address = '\\x{key.Address.ToLowerHex()[2..]}')";

    private async Task OffendAsync(PrivateKey key, string reason)
    {
        var trade = Interlocked.Increment(ref _trades);
        await stack.ExecuteAsync(
            $"""
            INSERT INTO trades (trade_id, market_id, kind, quantity_lots, taker_outcome, taker_is_buy, taker_price_ticks, shard,
                sequence, epoch, executed_at, settlement, closed)
                VALUES ({trade}, 1, 0, 1, 0, true, 5000, 0, 1, 1, now() - interval '2 days', 'failed', true);
            INSERT INTO strikes (trade_id, address, reason, points) VALUES ({trade}, '\x{key.Address.ToLowerHex()[2..]}', '{reason}', 20);
            """
        );
    }

    private async Task OpenAsync(PrivateKey key, int ticks, long lots) =>
        await stack.ExecuteAsync(
            $"""
            INSERT INTO orders (order_hash, order_id, market_id, account_id, outcome, is_buy, price_ticks, quantity_lots, time_in_force,
                post_only, stp, salt, salt_tag,
                                expiry, signature, status, shard, sequence, epoch, accepted_at, updated_sequence, updated_at)
            VALUES (sha256('{key.Address}'), {Interlocked.Increment(ref _trades)}, 2, {AccountOf(
                key
            )}, 0, true, {ticks}, {lots}, 0, false, 0, 1, 1, 0, '', 0, 0, 1, 1, now(), 1, now())
            """
        );
}
