using System.Threading.Channels;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Foresight.Cluster;

/// <summary>
/// Notices are sent one after the other from a queue, so that a publisher never waits for Redis. While Redis is unreachable they are
/// dropped and counted: a notice that is a minute old would be wrong.
/// </summary>
public sealed partial class NoticePublisher : BackgroundService, INotices
{
    /// <summary>Beyond it the oldest notices are dropped, because the newest are the ones that still hold.</summary>
    public const int Capacity = 1_000;

    private static readonly TimeSpan SendBound = TimeSpan.FromSeconds(2);

    /// <summary>A process that stops announces its end, but must not wait long for a Redis that hangs.</summary>
    private static readonly TimeSpan FarewellBound = TimeSpan.FromSeconds(1);

    private readonly Channel<(string Topic, object Notice)> _waiting;
    private readonly NoticeSender _sender;
    private readonly NoticeMetrics _metrics;
    private readonly ILogger<NoticePublisher> _logger;
    private bool _isLost;

    public NoticePublisher(
        NoticeSender sender,
        NoticeMetrics metrics,
        NodeIdentity identity,
        TimeProvider clock,
        IHostApplicationLifetime lifetime,
        ILogger<NoticePublisher> logger
    )
    {
        (_sender, _metrics, _logger) = (sender, metrics, logger);
        _waiting = Channel.CreateBounded<(string Topic, object Notice)>(
            new BoundedChannelOptions(Capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest },
            dropped => _metrics.Dropped(dropped.Topic)
        );
        lifetime.ApplicationStopping.Register(() =>
            Publish(NoticeTopics.Notices, new Notice("planned_end", identity.Id, $"{identity.Id} was asked to end.", clock.GetUtcNow()))
        );
    }

    public void Publish(string topic, object notice)
    {
        if (!_waiting.Writer.TryWrite((topic, notice)))
            _metrics.Dropped(topic);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var (topic, notice) in _waiting.Reader.ReadAllAsync(stoppingToken))
            await SendAsync(topic, notice);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _waiting.Writer.TryComplete();
        if (ExecuteTask is { } sending)
            await Task.WhenAny(sending, Task.Delay(FarewellBound, cancellationToken));
        await base.StopAsync(cancellationToken);
    }

    private async Task SendAsync(string topic, object notice)
    {
        try
        {
            await _sender.SendAsync(topic, notice).WaitAsync(SendBound);
            _metrics.Sent(topic);
            if (_isLost)
                Log.Again(_logger);
            _isLost = false;
        }
        catch (Exception error)
        {
            // Any fault, because a notice that cannot be sent must not end a process with other work.
            _metrics.Dropped(topic);
            while (_waiting.Reader.TryRead(out var next))
                _metrics.Dropped(next.Topic);
            // Logged once per outage, however many are lost.
            if (!_isLost)
                Log.Lost(_logger, error.Message);
            _isLost = true;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Notices cannot be sent and are dropped until Redis is reachable: {Reason}")]
        public static partial void Lost(ILogger logger, string reason);

        [LoggerMessage(LogLevel.Information, "Notices can be sent again.")]
        public static partial void Again(ILogger logger);
    }
}
