using System.Diagnostics;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Settlement;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Matching.Tests.Tracing;

[Collection(ChainCollection.Name)]
public sealed class SettlementTraceTests(ChainFixture fixture)
{
    [Fact]
    public async Task ATradeThatWouldFail_EndsItsOrdersTraceWithItsReason_AndNamesNoAccount()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        using var spans = new EndedSpans(ActivitySources.Settlement);
        // The buyer has no USDC on chain, so the trade fails.
        var (buyer, seller) = (await venue.AddTraderAsync(usdc: 0), await venue.AddTraderAsync());
        var trade = await venue.TradeAsync(buyer, seller);
        var context = await SampleAsync(venue);

        await venue.StepAsync(venue.NewSubmitter());
        Assert.Equal("failed", (await venue.StateOfAsync(trade)).State);
        await fixture.MineAsync(venue.Options.Confirmations + 1);
        await venue.FollowAsync();

        var bust = spans.Of(context).Where(span => span.OperationName == SpanNames.Bust).ToList();
        Assert.Equal(["maker", "taker"], bust.Select(span => span.GetTagItem(SpanAttributes.Liquidity)).Order());
        Assert.All(
            bust,
            span =>
            {
                Assert.Equal(context.SpanId, span.ParentSpanId);
                Assert.Equal(ActivityStatusCode.Error, span.Status);
                Assert.Equal(trade, span.GetTagItem(SpanAttributes.TradeId));
                Assert.DoesNotContain(
                    span.TagObjects,
                    tag => $"{tag.Value}".Contains(buyer.Address.ToLowerHex(), StringComparison.OrdinalIgnoreCase)
                );
            }
        );
    }

    [Fact]
    public async Task MoreSampledOrdersThanTheLimit_GetNoMoreSpansThanIt()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        using var spans = new EndedSpans(ActivitySources.Settlement);
        var (buyer, seller) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trades = new List<long>();
        for (var i = 0; i <= SettlementTrace.MaximumFills / 2; i++)
            trades.Add(await venue.TradeAsync(buyer, seller, lots: 1));
        var context = await SampleAsync(venue);

        var trace = await SettlementTrace.ReadAsync(venue.Database, trades, CancellationToken.None);
        trace.Bust([.. trades.Select(trade => (trade, (string?)"unknown"))]);

        Assert.Equal(SettlementTrace.MaximumFills, spans.Of(context).Count);
    }

    private static async Task<ActivityContext> SampleAsync(Venue venue)
    {
        var context = EndedSpans.NewTrace();
        await venue.ExecuteAsync("UPDATE orders SET trace_context = $1", TraceContext.ToBytes(context));
        return context;
    }
}
