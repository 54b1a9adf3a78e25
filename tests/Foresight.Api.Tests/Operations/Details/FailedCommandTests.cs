using System.Text.Json;
using Foresight.Api.Operations.Details;
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
