using System.Net.Http.Json;
using Foresight.Api.Tests.Problems;
using Foresight.Api.Tests.Stack;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Operations;

/// <summary>The database cannot hold some texts, and would hold others as something else than the operator saw.</summary>
[Collection(ApiStackCollection.Name)]
public sealed class OperatorTextTests(ApiStack stack)
{
    [Theory]
    [InlineData("kind=%00")]
    [InlineData("severity=high%00")]
    [InlineData("assignee=a%0Ab")]
    [InlineData("state=%00")]
    [InlineData("kind=missing")]
    [InlineData("severity=Critical")]
    public async Task AFilterThatNothingCanMatch_IsRefused_AndNoOutage(string filter)
    {
        foreach (var path in new[] { "reconciliation/discrepancies", "reconciliation/discrepancies/export" })
            await BadRequestTests.RefusalAsync(await stack.Admin.GetAsync($"{path}?{filter}"), 400, "malformed_request");
    }

    /// <summary>A misspelled filter would otherwise be none, and everything would look as if it matched.</summary>
    [Theory]
    [InlineData("reconciliation/discrepancies?states=open")]
    [InlineData("reconciliation/discrepancies/export?limit=5")]
    [InlineData("reconciliation/runs?state=failed")]
    [InlineData("reconciliation/coverage?run=1")]
    [InlineData("reconciliation/status?x=1")]
    [InlineData("admin/offenders?level=bad")]
    [InlineData("admin/offenders?standing=capped")]
    [InlineData("admin/decisions?subject=order")]
    [InlineData("admin/decisions?actor=%00")]
    [InlineData("admin/decisions?by=Ada")]
    public async Task AFilterThatThereIsNot_IsRefusedByName(string path) =>
        await BadRequestTests.RefusalAsync(await stack.Admin.GetAsync(path), 400, "malformed_request");

    [Fact]
    public async Task AFilterOfAThousandCharacters_IsRefused() =>
        await BadRequestTests.RefusalAsync(
            await stack.Admin.GetAsync($"reconciliation/discrepancies?assignee={new string('k', 1_000)}"),
            400,
            "malformed_request"
        );

    [Fact]
    public async Task ANoteOfControlCharacters_IsNone_AndOthersAreStoredWithoutThem()
    {
        var eve = PrivateKey.Random().Address;
        var trade = 8_400_000 + Random.Shared.Next(100_000);
        await stack.ExecuteAsync(
            $"""
            INSERT INTO trades (trade_id, market_id, kind, quantity_lots, taker_outcome, taker_is_buy, taker_price_ticks, shard, sequence,
                epoch, executed_at, settlement, closed)
                VALUES ({trade}, 1, 0, 1, 0, true, 5000, 0, 1, 1, now() - interval '2 days', 'failed', true);
            INSERT INTO strikes (trade_id, address, reason, points) VALUES ({trade}, '\x{eve.ToLowerHex()[2..]}', 'balance', 20)
            """
        );
        var path = $"admin/offenders/{eve}/reset";
        foreach (var nothing in new[] { "", " \t", "\u0000", "\u0000 \u001b" })
            await BadRequestTests.RefusalAsync(
                await stack.Admin.PostAsJsonAsync(path, new ResetOffenderRequest(nothing)),
                400,
                "malformed_request"
            );
        await BadRequestTests.RefusalAsync(
            await stack.Admin.PostAsJsonAsync(path, new ResetOffenderRequest(new string('n', DecisionLimits.NoteLength + 1))),
            400,
            "malformed_request"
        );

        using var answer = await stack.Admin.PostAsJsonAsync(path, new ResetOffenderRequest(" Our\u0000 own\u001b[31m fault.\n"));
        var detail = (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<OffenderDetail>())!;
        Assert.Equal("Our own[31m fault.", Assert.Single(detail.Audit).Note);
        await BadRequestTests.RefusalAsync(
            await stack.Admin.PostAsJsonAsync(path, new ResetOffenderRequest("Again.")),
            409,
            "state_conflict"
        );
    }

    [Fact]
    public async Task ANameThatIsCutWithinACharacter_StillDecides()
    {
        await stack.ExecuteAsync(
            """
            INSERT INTO discrepancies (natural_key, kind, severity, summary, amount)
            VALUES ('a long name', 'amount_mismatch', 'low', 'x', 1)
            """
        );
        var id = await stack.ScalarAsync<long>("SELECT discrepancy_id FROM discrepancies WHERE natural_key = 'a long name'");
        var name = new string('a', DecisionLimits.NameLength - 1);
        var (status, body, _) = await stack.Admin.PostAsync(
            $"reconciliation/resolve/{id}",
            new ResolveRequest("Seen."),
            (ApiHeaders.Operator, Uri.EscapeDataString(name + "\U0001F989"))
        );
        Assert.Equal((200, name), (status, body.GetProperty("discrepancy").GetProperty("changedBy").GetString()));
    }

    [Theory]
    [InlineData(-1, 400, "malformed_request")]
    [InlineData(16, 400, "malformed_request")]
    [InlineData(15, 503, "not_leader")]
    public async Task ALeaderOfAShardThatThereIsNot_IsNotThatOfAnother(int shard, int status, string code) =>
        await BadRequestTests.RefusalAsync(await stack.Http.GetAsync($"cluster/leader?shard={shard}"), status, code);
}
