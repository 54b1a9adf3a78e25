using System.Diagnostics;
using System.Text.Json;
using Foresight.Matching.Orders;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Matching.Tests.Tracing;

public sealed class OrderTraceTests
{
    private const string Sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    [Fact]
    public void ACommandThatIsNotSampled_IsTheSameOnTheWireAsWithoutTracing()
    {
        LeaderCommand command = Traders.Settle(trade: 1, block: 1);

        Assert.DoesNotContain("trace", JsonSerializer.Serialize(command, JsonSerializerOptions.Web), StringComparison.OrdinalIgnoreCase);
        var traced = JsonSerializer.Serialize(command with { TraceParent = Sampled }, JsonSerializerOptions.Web);
        Assert.Equal(Sampled, JsonSerializer.Deserialize<LeaderCommand>(traced, JsonSerializerOptions.Web)!.TraceParent);
    }

    [Fact]
    public void ACommandThatIsNotSampled_AllocatesNothing()
    {
        LeaderCommand command = Traders.Settle(trade: 1, block: 1);
        Assert.Null(OrderTrace.Of(command, TimeProvider.System));
        Assert.Null(TraceContext.Of(Activity.Current));

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            OrderTrace.Of(command, TimeProvider.System);
            TraceContext.Of(Activity.Current);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
