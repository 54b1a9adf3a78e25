using System.Diagnostics.Metrics;
using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Foresight.Cluster.Tests;

public sealed class NoticePublisherTests
{
    [Fact]
    public async Task WithoutRedis_EachNoticeIsDroppedAndCounted_AndTheNodeStartsAndEnds()
    {
        const int Notices = NoticePublisher.Capacity * 3;
        var dropped = 0L;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == MetricNames.Notices)
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>(
            (_, value, tags, _) =>
            {
                var ours = tags.Contains(new KeyValuePair<string, object?>("topic", NoticeTopics.Chain));
                if (ours && tags.Contains(new KeyValuePair<string, object?>("result", "dropped")))
                    Interlocked.Add(ref dropped, value);
            }
        );
        listener.Start();

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(
            new Dictionary<string, string?>
            {
                ["ConnectionStrings:redis"] = "127.0.0.1:1,password=none",
                ["ConnectionStrings:foresight"] = "Host=127.0.0.1;Port=1;Database=none",
                ["NODE_ID"] = "alone",
                ["CLUSTER_SECRET"] = TestStores.ClusterSecret,
                ["urls"] = "http://127.0.0.1:0",
            }
        );
        builder.AddServiceDefaults();
        builder.AddRedis();
        builder.AddPostgres();
        builder.AddClusterNode("matching");
        await using var node = builder.Build();
        await node.StartAsync();
        var publisher = node.Services.GetRequiredService<INotices>();
        for (var block = 0; block < Notices; block++)
            publisher.Publish(NoticeTopics.Chain, new ChainEvent("block", block, DateTimeOffset.UnixEpoch));
        await Eventually.TrueAsync(
            "every notice is counted as dropped",
            TimeSpan.FromSeconds(20),
            () => Interlocked.Read(ref dropped) == Notices
        );
        await node.StopAsync();
    }
}
