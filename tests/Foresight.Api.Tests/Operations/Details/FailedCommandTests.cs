using System.Text.Json;
using Foresight.Api.Operations.Details;
using Foresight.Api.Tests.Problems;
using Foresight.Api.Tests.Stack;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Operations.Details;

[Collection(ApiStackCollection.Name)]
public sealed class FailedCommandTests(ApiStack stack)
{
    [Fact]
    public async Task FailedCommands_ComeNewestFirst_InPages_WithoutSignatures()
    {
        LeaderCommand command = new PlaceOrder
        {
            RequestId = Guid.NewGuid(),
            Hash = "0x12",
            Maker = "0x34",
            MarketId = 1,
            Outcome = 0,
            IsBuy = true,
            PriceTicks = 5000,
            Lots = 1,
            Salt = "1",
            Signature = "0x5ec4e7",
        };
        // Two of one moment, so that the cursor must hold more than the time.
        await stack.ExecuteAsync(
            $"""
            INSERT INTO failed_commands (shard, request_id, epoch, command, reason, failed_at, until)
            SELECT n % 2, gen_random_uuid(), n, '{JsonSerializer.Serialize(command, JsonSerializerOptions.Web)}', 'It threw.',
                '2026-01-01Z'::timestamptz + (n / 2) * interval '1 us', '2026-01-02Z'
            FROM generate_series(0, 6) n;
            INSERT INTO failed_commands (shard, request_id, epoch, command, reason, failed_at, until)
            VALUES (0, gen_random_uuid(), 9, '"signature": 1', 'It threw.', '2025-01-01Z', '2026-01-02Z')
            """
        );
        try
        {
            var seen = new List<FailedCommandView>();
            string? cursor = null;
            do
            {
                var page = await stack.ReadAsync<Page<FailedCommandView>>(
                    $"admin/failed-commands?limit=3{(cursor is null ? "" : $"&cursor={cursor}")}",
                    asOperator: true
                );
                Assert.InRange(page.Items.Count, 1, 3);
                seen.AddRange(page.Items);
                cursor = page.Next;
            } while (cursor is not null);
            Assert.Equal([6L, 5, 4, 3, 2, 1, 0, 9], seen.Select(one => one.Epoch));
            Assert.All(seen, one => Assert.DoesNotContain("5ec4e7", one.Command, StringComparison.Ordinal));
            Assert.Equal(("Place", "It threw."), (seen[0].Kind, seen[0].Reason));
            Assert.Contains("\"priceTicks\":5000", seen[0].Command, StringComparison.Ordinal);
            Assert.Equal(("unknown", "{}"), (seen[^1].Kind, seen[^1].Command));
        }
        finally
        {
            await stack.ExecuteAsync("DELETE FROM failed_commands");
        }
    }

    [Fact]
    public async Task FailedCommands_AreSortedOverAllPages_AndFilteredByKindShardAndText()
    {
        LeaderCommand cancel = new CancelByHash("0x34", 1, "0x12") { RequestId = Guid.NewGuid() };
        LeaderCommand settle = new SettleTrade(7, 9) { RequestId = Guid.NewGuid() };
        var known = Guid.NewGuid();
        await stack.ExecuteAsync(
            $$"""
            INSERT INTO failed_commands (shard, request_id, epoch, command, reason, failed_at, until) VALUES
                (1, '{{known}}', 1, '{{Json(cancel)}}', 'Bad 100% of it.' || E'\n' || ' at Zebra()', '2026-01-01Z', '2026-01-09Z'),
                (0, gen_random_uuid(), 2, '{{Json(settle)}}', 'A hold was lost.', '2026-01-02Z', '2026-01-08Z'),
                (0, gen_random_uuid(), 3, ' { "kind" : 4 , "tradeId": 7', 'Cut off.', '2026-01-03Z', '2026-01-07Z'),
                (2, gen_random_uuid(), 4, '{"requestId": 5, "kind": 4}', 'Another version.', '2026-01-04Z', '2026-01-06Z'),
                (2, gen_random_uuid(), 5, '{"kind": 99}', 'Another version.', '2026-01-05Z', '2026-01-05Z')
            """
        );
        try
        {
            Assert.Equal([5L, 4, 3, 2, 1], await EpochsAsync(""));
            Assert.Equal([1L, 2, 3, 4, 5], await EpochsAsync("sort=failedAt"));
            Assert.Equal([1L, 2, 3, 4, 5], await EpochsAsync("sort=-quarantinedUntil"));
            Assert.Equal([5L, 4, 3, 2, 1], await EpochsAsync("sort=-epoch"));
            Assert.Equal([3L, 2, 1, 5, 4], await EpochsAsync("sort=shard"));
            Assert.Equal([1L, 3, 2, 5, 4], await EpochsAsync("sort=kind"));
            Assert.Equal([2L, 5, 4, 1, 3], await EpochsAsync("sort=reason"));

            Assert.Equal([3L, 2], await EpochsAsync("kind=SettleTrade"));
            Assert.Equal([5L, 4], await EpochsAsync("kind=unknown"));
            Assert.Equal([4L, 5], await EpochsAsync("kind=unknown&sort=epoch"));
            Assert.Equal([1L], await EpochsAsync("shard=1"));
            Assert.Equal([1L], await EpochsAsync("text=100%25"));
            Assert.Equal([1L], await EpochsAsync("text=zebra"));
            Assert.Equal([1L], await EpochsAsync($"text={known.ToString()[..13].ToUpperInvariant()}"));
            Assert.Equal([2L], await EpochsAsync("text=A%20hold&shard=0&kind=SettleTrade"));
            Assert.Empty(await EpochsAsync("text=__"));
            // What is shown of one that cannot be read is its kind alone.
            var cut = await stack.ReadAsync<CountedPage<FailedCommandView>>("admin/failed-commands?text=cut%20off", asOperator: true);
            Assert.Equal(("SettleTrade", "{}", 1L), (cut.Items[0].Kind, cut.Items[0].Command, cut.Total));
        }
        finally
        {
            await stack.ExecuteAsync("DELETE FROM failed_commands");
        }

        static string Json(LeaderCommand command) => JsonSerializer.Serialize(command, JsonSerializerOptions.Web);
    }

    [Theory]
    [InlineData("sort=command", "sort must be one of failedAt, kind, reason, shard, epoch, quarantinedUntil")]
    [InlineData("kind=Hold", "kind must be one of Place, CancelBySalt,")]
    [InlineData("shard=16", "shard must be from 0 to 15.")]
    [InlineData("shard=one", "Failed to bind parameter \"Nullable<int> shard\" from \"one\".")]
    [InlineData(
        "reason=book",
        "The query parameter \"reason\" is unknown; this route takes cursor, kind, limit, offset, shard, sort, text."
    )]
    public async Task WhatTheListDoesNotHave_IsRefusedByName(string query, string why)
    {
        using var answer = await stack.Admin.GetAsync($"admin/failed-commands?{query}");
        var problem = await BadRequestTests.RefusalAsync(answer, 400, "malformed_request");
        Assert.StartsWith(why, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private async Task<IReadOnlyList<long>> EpochsAsync(string query)
    {
        var whole = await stack.ReadAsync<CountedPage<FailedCommandView>>($"admin/failed-commands?{query}", asOperator: true);
        var paged = new List<long>();
        while (paged.Count < whole.Items.Count)
        {
            var page = await stack.ReadAsync<CountedPage<FailedCommandView>>(
                $"admin/failed-commands?limit=1&offset={paged.Count}&{query}",
                asOperator: true
            );
            Assert.Equal((whole.Items.Count, null), (page.Total, page.Next));
            paged.Add(Assert.Single(page.Items).Epoch);
        }

        Assert.Equal(whole.Items.Select(one => one.Epoch), paged);
        return paged;
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("5-1")]
    [InlineData("5-16-00000000000000000000000000000001")]
    [InlineData("-5-1-00000000000000000000000000000001")]
    [InlineData("999999999999999999-1-00000000000000000000000000000001")]
    [InlineData("5-1-00000000-0000-0000-0000-000000000001")]
    public void ACursorThatNoPageGave_IsNone(string text) => Assert.Null(FailedCommandKey.Parse(text));

    [Fact]
    public void ACursor_IsReadAsItWasWritten()
    {
        var key = new FailedCommandKey(1_767_225_600_000_001, 15, Guid.NewGuid());
        Assert.Equal(key, FailedCommandKey.Parse(key.ToString()));
    }
}
