using System.Diagnostics;
using Foresight.ServiceDefaults.Telemetry;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace Foresight.ServiceDefaults.Tests.Telemetry;

public sealed class BackgroundSpanFilterTests
{
    [Fact]
    public void AClientsSpanWithoutParent_IsNotExported_AndAsksNobodyToSample()
    {
        using var source = new ActivitySource("Foresight.Tests.Filter");
        var exported = new List<Activity>();
        using var provider = Sdk.CreateTracerProviderBuilder()
            .AddSource(source.Name)
            .AddProcessor(new Exporter(exported))
            .AddProcessor(new BackgroundSpanFilter())
            .Build();

        using (var poll = source.StartActivity("poll", ActivityKind.Client))
            Assert.EndsWith("-00", poll!.Id);
        using (source.StartActivity("request", ActivityKind.Server))
        using (var call = source.StartActivity("call", ActivityKind.Client))
            Assert.EndsWith("-01", call!.Id);

        Assert.Equal(["call", "request"], exported.Select(span => span.OperationName));
    }

    private sealed class Exporter(List<Activity> exported) : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data)
        {
            if (data.Recorded)
                exported.Add(data);
        }
    }
}
