using System.Net;
using Foresight.Client;
using Foresight.Matching.Engine;
using Foresight.Simulator.Flow;
using Foresight.Simulator.Load;
using Foresight.Simulator.Tests.Traders;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Tests.Load;

public sealed class LoadGeneratorTests
{
    private const string Accepted = """
        {"orderId":"0xab","status":"open","requestedAmount":"1","filledAmount":"0","remainingAmount":"1",
         "fills":[],"epoch":3,"sequence":9}
        """;

    private const string Cancelled = """{"cancelled":["0xab"],"epoch":3,"sequence":10}""";

    private readonly ScriptedServer _server = new();
    private readonly Trader _trader = Trader.FromSeed(1, 1)[0];
    private readonly LoadStatistics _statistics = new(keepAcknowledgements: true);

    [Fact]
    public async Task EachDecision_IsCountedByWhatBecameOfIt()
    {
        _server.Then(HttpStatusCode.OK, Accepted);
        _server.Then(HttpStatusCode.UnprocessableEntity, """{"code":"insufficient_balance"}""");
        var report = await RunAsync(new LoadOptions(10, TimeSpan.FromMinutes(1), Adapt: false), [Step(), Step()]);
        Assert.Equal((2, 1, 1, 0), (report.Sent, report.Acknowledged, report.Rejected, report.Skipped));
        Assert.Equal(1, report.RejectedByCode["insufficient_balance"]);
        Assert.Equal((3, 9), (report.LastEpoch, report.LastSequence));
        Assert.Equal(100, Assert.Single(report.Acknowledgements).RequestedLots);
    }

    [Fact]
    public async Task AnOrderThatIsReplaced_IsCancelledFirst_AndTheLastAtTheEnd()
    {
        var slot = new RestingSlot();
        _server.Then(HttpStatusCode.OK, Accepted);
        _server.Then(HttpStatusCode.OK, Cancelled);
        _server.Then(HttpStatusCode.OK, Accepted);
        _server.Then(HttpStatusCode.OK, Cancelled);
        var report = await RunAsync(
            new LoadOptions(10, TimeSpan.FromMinutes(1), Adapt: false, CancelAtEnd: true),
            [Step(slot), Step(slot)]
        );
        Assert.Equal((2, 2, 2), (report.Sent, report.Acknowledged, report.Cancels));
        Assert.Equal(["POST /orders", "POST /orders/cancel", "POST /orders", "POST /orders/cancel"], _server.Requests);
        Assert.Null(slot.Live);
    }

    [Fact]
    public async Task WhatATraderCannotPay_IsSkipped_WhereHeAdapts()
    {
        var report = await RunAsync(new LoadOptions(10, TimeSpan.FromMinutes(1), Adapt: true), [Step()]);
        Assert.Equal((0, 1), (report.Sent, report.Skipped));
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task WithTheLimitInFlight_ADecisionIsSkippedAndNotQueued_AndWhatIsNeverAnsweredIsUnresolved()
    {
        _server.ThenSilence();
        var report = await RunAsync(new LoadOptions(1, TimeSpan.FromMilliseconds(50), Adapt: false), [Step(), Step(), Step()]);
        Assert.Equal((1, 0, 2, 1), (report.Sent, report.Acknowledged, report.Skipped, report.Unresolved));
    }

    [Fact]
    public async Task ARequestOfOursThatIsMalformed_EndsTheRun()
    {
        var slot = new RestingSlot();
        _server.Then(HttpStatusCode.OK, Accepted);
        _server.Then(HttpStatusCode.BadRequest, """{"code":"invalid_signature"}""");
        await Assert.ThrowsAsync<ApiRefusedException>(() =>
            RunAsync(new LoadOptions(10, TimeSpan.FromMinutes(1), Adapt: false), [Step(slot), Step(slot)])
        );
    }

    private async Task<LoadReport> RunAsync(LoadOptions options, IReadOnlyList<FlowStep> steps)
    {
        using var stop = new CancellationTokenSource();
        var api = new ForesightClient(
            new HttpClient(_server),
            new ApiNodes([new Uri("http://one.invalid/")]),
            TimeProvider.System,
            _statistics.OnFault
        );
        return await new LoadGenerator(api, new OrderSigner(31337), new Steps(steps, stop), _statistics, options, TimeProvider.System)
            .RunAsync(stop.Token)
            .WaitAsync(Eventually.Patience);
    }

    private FlowStep Step(RestingSlot? slot = null) =>
        new(TimeSpan.Zero, _trader, new OrderIntent(TestMarkets.Binary, 0, Side.Buy, new Price(5000), new Quantity(100)), slot);

    private sealed class Steps(IReadOnlyList<FlowStep> steps, CancellationTokenSource stop) : IOrderFlow
    {
        private int _next;

        public FlowStep Next()
        {
            if (_next < steps.Count)
            {
                var step = steps[_next++];
                if (step.Slot is { } slot)
                {
                    Assert.True(SpinWait.SpinUntil(slot.TryEnter, Eventually.Patience));
                    slot.Leave();
                }

                return step;
            }

            stop.Cancel();
            return steps[0] with { Pause = TimeSpan.FromHours(1) };
        }
    }
}
