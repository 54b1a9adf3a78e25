using System.Diagnostics;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.ServiceDefaults.Tests.Telemetry;

public sealed class TraceContextTests
{
    private const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string SpanId = "00f067aa0ba902b7";
    private const string Sampled = $"00-{TraceId}-{SpanId}-01";

    [Fact]
    public void ASampledContext_ComesBackFromItsBytes()
    {
        var bytes = TraceContext.ToBytes(TraceContext.Parse(Sampled)!.Value);

        Assert.Equal(TraceId + SpanId + "01", Convert.ToHexStringLower(bytes));
        var context = TraceContext.OfBytes(bytes)!.Value;
        Assert.Equal(Sampled, $"00-{context.TraceId}-{context.SpanId}-01");
        Assert.True(context.IsRemote);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("not a traceparent")]
    [InlineData($"00-{TraceId}-{SpanId}")]
    [InlineData($"00-{TraceId}-{SpanId}-00")]
    [InlineData($"00-{TraceId}-{SpanId}-zz")]
    [InlineData("00-00000000000000000000000000000000-0000000000000000-01")]
    [InlineData($"00-{TraceId}-{SpanId}-01\0")]
    public void WhatIsNotSampled_OrNoTraceparent_IsNone(string? text) => Assert.Null(TraceContext.Parse(text));

    [Theory]
    [InlineData(0)]
    [InlineData(24)]
    [InlineData(26)]
    public void BytesOfAnotherLength_AreNone(int length) => Assert.Null(TraceContext.OfBytes(new byte[length]));

    [Fact]
    public void ABatchsSpan_IsInTheFirstOrdersTrace_AndLinkedToUpToTheLimit()
    {
        using var source = new ActivitySource("Foresight.Tests.Batches");
        using var spans = new EndedSpans(source);
        var orders = Enumerable.Range(0, TraceContext.MaximumLinks + 1).Select(_ => EndedSpans.NewTrace()).ToList();

        using var span = TraceContext.StartBatch(source, "batch", orders)!;

        Assert.Equal(orders[0].TraceId, span.TraceId);
        Assert.Equal(orders.Take(TraceContext.MaximumLinks), span.Links.Select(link => link.Context));
        Assert.Null(TraceContext.StartBatch(source, "batch", []));
    }
}
