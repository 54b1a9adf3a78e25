using System.Threading.Channels;

namespace Foresight.ServiceDefaults.Redis;

/// <summary>
/// The client's own queue has no bound. It is emptied into this one as fast as messages arrive, so that a sender cannot fill the memory.
/// One thread adds, one loop takes.
/// </summary>
public sealed class ReceiveQueue(TimeProvider clock)
{
    /// <summary>Enough for some seconds of a busy cluster's messages, so that a pause of the loop loses none.</summary>
    public const int MaxMessages = 20_000;

    public const int MaxBytes = 32 * 1024 * 1024;

    /// <summary>A flood must not cause a repair for each lost message.</summary>
    private static readonly TimeSpan LossPause = TimeSpan.FromSeconds(1);

    private readonly Channel<ReadOnlyMemory<byte>> _waiting = Channel.CreateUnbounded<ReadOnlyMemory<byte>>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true }
    );
    private int _messages;
    private long _bytes;
    private int _hasLost;
    private long _reportedAt;

    public bool TryAdd(ReadOnlyMemory<byte> message)
    {
        if (Volatile.Read(ref _messages) >= MaxMessages || Volatile.Read(ref _bytes) + message.Length > MaxBytes)
        {
            Volatile.Write(ref _hasLost, 1);
            return false;
        }

        Interlocked.Increment(ref _messages);
        Interlocked.Add(ref _bytes, message.Length);
        return _waiting.Writer.TryWrite(message);
    }

    /// <summary>Handles messages until the process ends, whatever <paramref name="handle"/> and <paramref name="lost"/> throw.</summary>
    /// <param name="lost">
    /// Called once the queue is empty again, and every second while it is not, because what was lost must be repaired during a flood too.
    /// </param>
    /// <param name="failed">Called with what one of them has thrown: a defect that one message triggers must not end the channel.</param>
    public async Task RunAsync(Action<ReadOnlyMemory<byte>> handle, Action lost, Action<Exception> failed)
    {
        while (await _waiting.Reader.WaitToReadAsync())
        {
            while (_waiting.Reader.TryRead(out var message))
            {
                Interlocked.Decrement(ref _messages);
                Interlocked.Add(ref _bytes, -message.Length);
                try
                {
                    handle(message);
                }
                catch (Exception error)
                {
                    failed(error);
                }

                ReportLoss(lost, failed);
            }
        }
    }

    private void ReportLoss(Action lost, Action<Exception> failed)
    {
        if (Volatile.Read(ref _hasLost) == 0 || !IsReportDue() || Interlocked.Exchange(ref _hasLost, 0) == 0)
            return;
        try
        {
            lost();
        }
        catch (Exception error)
        {
            failed(error);
        }
    }

    private bool IsReportDue()
    {
        if (Volatile.Read(ref _messages) > 0 && clock.GetElapsedTime(_reportedAt) < LossPause)
            return false;
        _reportedAt = clock.GetTimestamp();
        return true;
    }
}
