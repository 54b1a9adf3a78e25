using Foresight.Api.MarketData;
using Foresight.Cluster;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Foresight.Api.Tests.MarketData;

public sealed class NoticeReaderTests
{
    [Fact]
    public void MessagesThatAreNoNotices_AreLoggedOnceAMinute_WithTheNumberOfTheOthers()
    {
        var services = new ServiceCollection().AddLogging().AddMetrics();
        services.AddSignalR();
        using var provider = services.BuildServiceProvider();
        var (log, clock) = (new Lines(), new StoppedClock());
        var metrics = ActivatorUtilities.CreateInstance<NoticeMetrics>(provider);
        // None of these messages may reach the feed, the directory or the markets, so a null in their place would throw.
        using var reader = new NoticeReader(
            feed: null!,
            leaders: null!,
            catalog: null!,
            provider.GetRequiredService<IHubProtocolResolver>(),
            metrics,
            new DroppedNotices(metrics, clock, log)
        );

        for (var i = 0; i < 100; i++)
            reader.Take(new SerializedHubMessage(new InvocationMessage("depth", [i])));
        Assert.Contains(" 0 more", Assert.Single(log.All));
        clock.Passed = TimeSpan.FromMinutes(1);
        for (var i = 0; i < 50; i++)
            reader.Take(new SerializedHubMessage(new InvocationMessage("depth", [i])));
        Assert.Equal(2, log.All.Count);
        Assert.Contains(" 99 more", log.All[1]);
    }

    private sealed class StoppedClock : TimeProvider
    {
        public TimeSpan Passed { get; set; }

        public override long GetTimestamp() => Passed.Ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    }

    private sealed class Lines : ILogger<DroppedNotices>
    {
        public List<string> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => All.Add(formatter(state, exception));
    }
}
