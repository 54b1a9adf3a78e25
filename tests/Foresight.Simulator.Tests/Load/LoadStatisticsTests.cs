using Foresight.Client;
using Foresight.Simulator.Load;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Tests.Load;

public sealed class LoadStatisticsTests
{
    private readonly LoadStatistics _statistics = new(keepAcknowledgements: true);

    [Fact]
    public void WithoutOrders_EveryFigureIsZero()
    {
        var report = _statistics.Report();
        Assert.Equal((0, 0, 0, TimeSpan.Zero, TimeSpan.Zero), (report.Sent, report.Acknowledged, report.Rejected, report.P99, report.Max));
        Assert.Empty(report.Acknowledgements);
    }

    [Fact]
    public void Acknowledgement_CountsWithItsLatencyAndItsPosition()
    {
        _statistics.OnSent();
        _statistics.OnAcknowledged(Acknowledged(sequence: 7, milliseconds: 100));
        _statistics.OnAcknowledged(Acknowledged(sequence: 9, milliseconds: 300, wasInDoubt: true));
        var report = _statistics.Report();
        Assert.Equal((1, 2, 1, 3, 9), (report.Sent, report.Acknowledged, report.InDoubt, report.LastEpoch, report.LastSequence));
        Assert.InRange(report.P50.TotalMilliseconds, 98, 104);
        Assert.Equal(TimeSpan.FromMilliseconds(300), report.Max);
        Assert.Equal([7, 9], report.Acknowledgements.Select(one => one.Sequence));
    }

    [Fact]
    public void LongRun_KeepsNoAcknowledgements()
    {
        var statistics = new LoadStatistics(keepAcknowledgements: false);
        statistics.OnAcknowledged(Acknowledged(sequence: 7, milliseconds: 1));
        Assert.Equal((1, 0), (statistics.Report().Acknowledged, statistics.Report().Acknowledgements.Count));
    }

    [Fact]
    public void Rejections_AreCountedByCode_AndThoseThatWereInDoubtToo()
    {
        _statistics.OnRejected(Rejected("market_paused"));
        _statistics.OnRejected(Rejected("market_paused", wasInDoubt: true));
        _statistics.OnRejected(Rejected("invalid_tick"));
        var report = _statistics.Report();
        Assert.Equal(
            (3, 2, 1, 1),
            (report.Rejected, report.RejectedByCode["market_paused"], report.RejectedByCode["invalid_tick"], report.InDoubt)
        );
    }

    [Fact]
    public void Report_OnOneLine_NamesTheMostFrequentCodeFirst()
    {
        _statistics.OnRejected(Rejected("invalid_tick"));
        _statistics.OnRejected(Rejected("market_paused"));
        _statistics.OnRejected(Rejected("market_paused"));
        _statistics.OnCancelled();
        _statistics.OnSkipped();
        _statistics.OnSkipped();
        _statistics.OnUnresolved();
        Assert.Equal(
            "sent 0, acknowledged 0, rejected 3 [market_paused 2, invalid_tick 1], cancels 1, skipped 2, in doubt 0, "
                + "unresolved 1, faults []; p50 0.0 ms, p99 0.0 ms; journal at (0, 0)",
            _statistics.Report().ToString()
        );
    }

    private static Acknowledgement Acknowledged(long sequence, double milliseconds, bool wasInDoubt = false) =>
        new("0xab", 3, sequence, 100, TimeSpan.FromMilliseconds(milliseconds), FrozenClock.Now, wasInDoubt);

    private static PlaceOutcome.Rejected Rejected(string code, bool wasInDoubt = false) => new("0xab", 409, code, null, wasInDoubt);
}
