using System.Net;
using System.Threading.RateLimiting;
using Foresight.Api.Access;
using Foresight.Api.Tests.Stack;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Foresight.Api.Tests.Access;

[Trait("Category", "Trust")]
public sealed class CallerPartitionsTests
{
    private readonly StoppedClock _clock = new();
    private readonly CallerPartitions _partitions;

    public CallerPartitionsTests() => _partitions = new CallerPartitions(_clock);

    [Fact]
    public void AFloodOfAddresses_SharesPartitions_AndThoseBeforeItKeepTheirOwn()
    {
        var (early, late) = (IPAddress.Parse("192.0.2.1"), IPAddress.Parse("198.51.100.1"));
        Assert.Equal("192.0.2.1", _partitions.Of(early));
        for (var i = 1; i < CallerPartitions.MaxNewCallers; i++)
            Assert.Equal($"{Attacker(i)}/64", _partitions.Of(Attacker(i)));

        Assert.StartsWith("shared-", _partitions.Of(late));
        Assert.Equal(_partitions.Of(late), _partitions.Of(late));
        Assert.Equal(_partitions.Of(late), _partitions.Of(late.MapToIPv6()));
        Assert.Equal("192.0.2.1", _partitions.Of(early));

        _clock.Now += TimeSpan.FromMinutes(1);
        for (var i = 0; i < CallerPartitions.MaxNewCallers; i++)
            _partitions.Of(Attacker(CallerPartitions.MaxNewCallers + i));
        Assert.Equal("192.0.2.1", _partitions.Of(early));
        Assert.StartsWith("shared-", _partitions.Of(late));
        _clock.Now += TimeSpan.FromMinutes(2);
        Assert.Equal("198.51.100.1", _partitions.Of(late));
    }

    /// <summary>A flood from one network must not use up the limit of that network's other callers.</summary>
    [Fact]
    public void NeighboursOfAFlood_AreSpreadOverAFixedNumberOfPartitions()
    {
        for (var i = 0; i < CallerPartitions.MaxNewCallers; i++)
            _partitions.Of(Attacker(i));
        var shared = Enumerable.Range(0, 100_000).Select(i => _partitions.Of(Attacker(CallerPartitions.MaxNewCallers + i))).ToList();
        Assert.All(shared, partition => Assert.StartsWith("shared-", partition));
        // Each is missed by 100,000 random choices with a probability of exp(-97).
        Assert.Equal(CallerPartitions.SharedPartitions, shared.Distinct().Count());
        Assert.InRange(shared.CountBy(partition => partition).Max(partition => partition.Value), 1, 300);
    }

    /// <summary>Otherwise an attacker could compute which of its addresses share a caller's partition.</summary>
    [Fact]
    public void WhoSharesAPartition_IsAnotherChoiceInEachProcess()
    {
        var others = new CallerPartitions(_clock);
        for (var i = 0; i < CallerPartitions.MaxNewCallers; i++)
        {
            _partitions.Of(Attacker(i));
            others.Of(Attacker(i));
        }

        Assert.NotEqual(Choices(_partitions), Choices(others));

        static List<string> Choices(CallerPartitions partitions) =>
            [.. Enumerable.Range(1, 20).Select(i => partitions.Of(IPAddress.Parse($"198.51.100.{i}")).Split('-')[^1])];
    }

    /// <summary>A caller of the minute before comes after the flood of this one.</summary>
    [Fact]
    public void AnEstablishedCaller_NeverLosesItsPartition_WhoeverComesFirst()
    {
        for (var minute = 0; minute < 2; minute++)
        {
            for (var i = 0; i < (minute + 1) * CallerPartitions.MaxNewCallers; i++)
                Assert.EndsWith("/64", _partitions.Of(Attacker(i)));
            _clock.Now += TimeSpan.FromMinutes(1);
        }

        for (var i = 0; i < CallerPartitions.MaxNewCallers; i++)
            Assert.StartsWith("shared-", _partitions.Of(Attacker(CallerPartitions.MaxCallers + i)));
        for (var i = 0; i < CallerPartitions.MaxCallers; i++)
            Assert.Equal($"{Attacker(i)}/64", _partitions.Of(Attacker(i)));
    }

    /// <summary>Callers that come back each minute are bounded as well, or each minute's new ones would be added to them.</summary>
    [Fact]
    public void OverMinutes_PartitionsDoNotBecomeMore()
    {
        for (var minute = 1; minute <= 4; minute++)
        {
            var own = 0;
            for (var i = 0; i < minute * CallerPartitions.MaxNewCallers; i++)
                own += _partitions.Of(Attacker(i)).EndsWith("/64", StringComparison.Ordinal) ? 1 : 0;
            Assert.Equal(Math.Min(minute * CallerPartitions.MaxNewCallers, CallerPartitions.MaxCallers), own);
            _clock.Now += TimeSpan.FromMinutes(1);
        }
    }

    [Fact]
    public async Task TheRateLimit_CountsByThem()
    {
        var counter = new CounterOfTest();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddConfiguration(Configured.By("ADMIN_KEY=an-admin-key-of-this-test"));
        builder.Services.AddSingleton<TimeProvider>(_clock);
        builder.Services.AddSingleton<IRequestCounter>(counter);
        builder.AddAccess();
        await using var app = builder.Build();
        var limiter = app.Services.GetRequiredService<IOptions<RateLimiterOptions>>().Value.GlobalLimiter!;
        for (var i = 0; i < CallerPartitions.MaxNewCallers + (50 * CallerPartitions.SharedPartitions); i++)
        {
            using var lease = await limiter.AcquireAsync(new DefaultHttpContext { Connection = { RemoteIpAddress = Attacker(i) } });
            Assert.True(lease.IsAcquired);
        }

        Assert.Equal(CallerPartitions.MaxNewCallers + CallerPartitions.SharedPartitions, counter.Callers);
    }

    /// <summary>Another /64 of 2001:db8::/32 for each number.</summary>
    private static IPAddress Attacker(int number) =>
        new([0x20, 0x01, 0x0d, 0xb8, (byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number, .. new byte[8]]);
}
