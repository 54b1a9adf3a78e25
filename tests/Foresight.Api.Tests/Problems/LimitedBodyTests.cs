using Foresight.Api.Problems;
using Microsoft.AspNetCore.Http;

namespace Foresight.Api.Tests.Problems;

public sealed class LimitedBodyTests
{
    [Fact]
    public async Task ABodyOfTheLimit_IsReadWhole_AndOneByteMoreIsRefused()
    {
        var read = new MemoryStream();
        await new LimitedBody(new MemoryStream(new byte[ApiLimits.BodyBytes])).CopyToAsync(read);
        Assert.Equal(ApiLimits.BodyBytes, read.Length);

        var refused = await Assert.ThrowsAsync<BadHttpRequestException>(() =>
            new LimitedBody(new MemoryStream(new byte[ApiLimits.BodyBytes + 1])).CopyToAsync(Stream.Null)
        );
        Assert.Equal(413, refused.StatusCode);
    }

    /// <summary>A limit on each piece alone would let the sum through.</summary>
    [Fact]
    public async Task ABodyInPieces_IsRefusedAtTheLimit()
    {
        var body = new LimitedBody(new MemoryStream(new byte[ApiLimits.BodyBytes + 1]));
        var buffer = new byte[1_000];
        var read = 0;
        await Assert.ThrowsAsync<BadHttpRequestException>(async () =>
        {
            while (await body.ReadAsync(buffer) is var count and > 0)
                read += count;
        });
        Assert.InRange(read, ApiLimits.BodyBytes - buffer.Length, ApiLimits.BodyBytes);
    }

    [Fact]
    public async Task Drain_ReadsToTheEnd_ButNotWithoutEnd()
    {
        var small = new MemoryStream(new byte[1_000_000]);
        await LimitedBody.DrainAsync(small, CancellationToken.None);
        Assert.Equal(small.Length, small.Position);

        var endless = new Endless(fails: false);
        await LimitedBody.DrainAsync(endless, CancellationToken.None);
        Assert.InRange(endless.Given, LimitedBody.DrainedBytes, LimitedBody.DrainedBytes + 64 * 1024);
    }

    [Fact]
    public async Task Drain_OfAConnectionThatBreaks_Ends()
    {
        var broken = new Endless(fails: true);
        await LimitedBody.DrainAsync(broken, CancellationToken.None);
        Assert.Equal(0, broken.Given);
    }

    private sealed class Endless(bool fails) : Stream
    {
        public long Given { get; private set; }
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => Given;
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (fails)
                throw new IOException("The connection was reset.");
            Given += buffer.Length;
            return ValueTask.FromResult(buffer.Length);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() { }
    }
}
