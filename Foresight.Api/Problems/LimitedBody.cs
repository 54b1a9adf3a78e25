namespace Foresight.Api.Problems;

/// <summary>
/// Kestrel's own limit closes the connection while the client still writes, which many clients report as a network error. This one reads an
/// oversized body to its end, discards it, and then refuses it with a problem code.
/// </summary>
internal sealed class LimitedBody(Stream body) : Stream
{
    /// <summary>A refused body is read up to here, so that the client sees the answer; the connection of a larger one is closed.</summary>
    public const int DrainedBytes = 16 * 1024 * 1024;

    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(5);

    private long _read;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _read;
        set => throw new NotSupportedException();
    }

    public static async Task DrainAsync(Stream body, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(DrainTime);
        var buffer = new byte[16 * 1024];
        try
        {
            var drained = 0;
            while (drained < DrainedBytes)
            {
                var count = await body.ReadAsync(buffer, bound.Token);
                if (count == 0)
                    return;
                drained += count;
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            // The client is still sending, or has left, so the connection is closed with the answer.
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await body.ReadAsync(buffer, cancellationToken);
        _read += count;
        if (_read <= ApiLimits.BodyBytes)
            return count;
        throw new BadHttpRequestException("The body is too large.", StatusCodes.Status413PayloadTooLarge);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() { }
}
