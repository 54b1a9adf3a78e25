using Foresight.Api.MarketData;
using Foresight.Api.Markets;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;

namespace Foresight.Api.Tests.MarketData;

public sealed class BookStreamTests
{
    private static readonly Market Binary = new(
        1,
        Address.Zero,
        "?",
        ["Yes", "No"],
        1,
        0,
        ClosesAt: null,
        ResolvedOutcome: null,
        TypedDataDomain.OfMarket(31337, Address.Zero)
    );

    private readonly BookStream _stream = new(Binary);

    [Fact]
    public void BeforeASnapshot_ThereIsNoBook()
    {
        Assert.Equal(StreamStep.Waiting, _stream.Take(Delta(5, 4, (5000, 10)), out _));
        Assert.Null(_stream.View(0, 10));
        Assert.Null(_stream.Snapshot());
    }

    [Fact]
    public void MessagesBeforeTheSnapshot_AreInIt_AndThoseAfterItFollow()
    {
        _stream.Take(Delta(5, 4, (5000, 10)), out _);
        _stream.Take(Delta(6, 5, (5001, 20)), out _);
        Assert.True(_stream.Take(Read(5, (5000, 10)), out var whole));
        Assert.Equal("5001x20 5000x10", Bids());
        Assert.Equal((6L, true), (whole!.Sequence, whole.Snapshot));
    }

    [Fact]
    public void AMessageThatNamesAMissingOne_HidesTheBookUntilASnapshotHasIt()
    {
        Begin(5, (5000, 10));
        Assert.Equal(StreamStep.Applied, _stream.Take(Delta(6, 5, (5000, 11)), out _));
        Assert.Equal(StreamStep.Waiting, _stream.Take(Delta(9, 8, (5002, 1)), out _));
        Assert.Null(_stream.View(0, 10));
        Assert.False(_stream.Take(Read(7, (5000, 11)), out _));
        Assert.Null(_stream.View(0, 10));
        Assert.True(_stream.Take(Read(8, (5000, 12)), out _));
        Assert.Equal("5002x1 5000x12", Bids());
    }

    /// <summary>Published after its commit, so a reading that began after it came has a true message.</summary>
    [Fact]
    [Trait("Category", "Trust")]
    public void AMessageThatWaitedBeforeTheReading_AndIsNotInIt_IsDropped()
    {
        Begin(5, (5000, 10));
        Assert.Equal(StreamStep.Waiting, _stream.Take(Delta(6 + JournalGate.MaxAhead, 5 + JournalGate.MaxAhead, (9900, 7)), out _));
        Assert.Equal(StreamStep.Waiting, _stream.Take(Delta(6, 5, (5001, 20)), out _));
        _stream.BeginReading();
        Assert.Equal(StreamStep.Waiting, _stream.Take(Delta(7, 6, (5002, 30)), out _));
        Assert.True(_stream.Take(Read(6, (5000, 10), (5001, 20)), out _));
        Assert.Equal("5002x30 5001x20 5000x10", Bids());
        Assert.Equal((1, 0), (_stream.TakeImplausible(), _stream.TakeImplausible()));
        Assert.Equal(StreamStep.Applied, _stream.Take(Delta(8, 7, (5002, 0)), out _));
    }

    [Fact]
    [Trait("Category", "Trust")]
    public void AMessageThatCameDuringTheReading_WaitsForTheNextOne()
    {
        Begin(5, (5000, 10));
        _stream.Distrust();
        _stream.BeginReading();
        Assert.Equal(StreamStep.Waiting, _stream.Take(Delta(9, 8, (9900, 7)), out _));
        Assert.False(_stream.Take(Read(5, (5000, 10)), out _));
        Assert.Equal(0, _stream.TakeImplausible());
        _stream.BeginReading();
        Assert.True(_stream.Take(Read(6, (5000, 11)), out _));
        Assert.Equal("5000x11", Bids());
        Assert.Equal(1, _stream.TakeImplausible());
    }

    [Fact]
    public void AMessageThatIsKnown_ChangesNothing()
    {
        Begin(5, (5000, 10));
        Assert.Equal(StreamStep.Known, _stream.Take(Delta(5, 4, (5000, 99)), out _));
        Assert.Equal("5000x10", Bids());
    }

    [Fact]
    public void AMessageOfAnOlderEpoch_IsDropped_EvenASnapshot()
    {
        Begin(5, (5000, 10));
        _stream.Take(new DepthMessage(1, 3, 7, 0, Snapshot: true, [new(0, true, 4000, 1)]), out _);
        Assert.Equal(StreamStep.Stale, _stream.Take(Delta(8, 7, (5000, 99)) with { Epoch = 2 }, out _));
        Assert.Equal(StreamStep.Stale, _stream.Take(new DepthMessage(1, 2, 9, 0, Snapshot: true, []), out _));
        Assert.Equal("4000x1", Bids());
    }

    [Fact]
    public void ANewLeadersSnapshot_ReplacesTheBook_AndHealsAGap()
    {
        Begin(5, (5000, 10));
        _stream.Take(Delta(9, 8, (5002, 1)), out _);
        Assert.Equal(StreamStep.Applied, _stream.Take(new DepthMessage(1, 2, 12, 0, Snapshot: true, [new(0, true, 4000, 1)]), out _));
        Assert.Equal("4000x1", Bids());
        Assert.Equal(StreamStep.Applied, _stream.Take(Delta(13, 12, (4000, 0)) with { Epoch = 2 }, out _));
        Assert.Equal("", Bids());
    }

    [Fact]
    public void ANewLeadersChange_WithoutItsSnapshot_IsAGap()
    {
        Begin(5, (5000, 10));
        Assert.Equal(StreamStep.Waiting, _stream.Take(Delta(13, 0, (4000, 1)) with { Epoch = 2 }, out _));
    }

    [Fact]
    public void WhatClientsGet_IsOneChain_WhateverWasFoldedIntoTheSnapshot()
    {
        Begin(5, (5000, 10));
        _stream.Take(Delta(7, 3, (5000, 11)), out var first);
        _stream.Take(Delta(9, 7, (5000, 12)), out var second);
        Assert.Equal((5L, 7L), (first!.Previous, first.Sequence));
        Assert.Equal((7L, 9L), (second!.Previous, second.Sequence));
        Assert.Equal(_stream.View(0, 10)!.Checksum, second.Checksums![0]);
    }

    /// <summary>The messages that waited are forgotten, so the snapshot must have what was in them; it does not count as old.</summary>
    [Fact]
    [Trait("Category", "Trust")]
    public void WaitingMessages_AreBoundedByTheirLevels()
    {
        Assert.Equal(StreamStep.Waiting, _stream.Take(Large(6, 5, BookStream.MaxWaitingLevels), out _));
        Assert.False(_stream.Take(Read(4, (5000, 10)), out _));
        Assert.Equal(StreamStep.Waiting, _stream.Take(Large(7, 6, 1), out _));
        Assert.True(_stream.Take(Read(6, (5000, 10)), out var whole));
        Assert.Equal(7, whole!.Sequence);

        _stream.Reset();
        Assert.Equal(StreamStep.Waiting, _stream.Take(Large(6, 5, BookStream.MaxWaitingLevels - 1), out _));
        Assert.Equal(StreamStep.Waiting, _stream.Take(Large(7, 6, 1), out _));
        Assert.False(_stream.Take(Read(4, (5000, 10)), out _));
    }

    [Fact]
    [Trait("Category", "Trust")]
    public void KeptMessages_AreBoundedByTheirLevels_AndAClientThatNeedsOlderOnesGetsASnapshot()
    {
        Begin(5, (5000, 10));
        _stream.Take(Large(7, 5, BookStream.MaxKeptLevels - 1), out _);
        _stream.Take(Large(8, 7, 1), out _);
        Assert.Equal([7L, 8L], _stream.After(1, 5)!.Select(message => message.Sequence));
        _stream.Take(Large(9, 8, 1), out _);
        Assert.Null(_stream.After(1, 5));
        Assert.Equal([8L, 9L], _stream.After(1, 7)!.Select(message => message.Sequence));
    }

    [Fact]
    public void AClientThatComesBack_GetsWhatItMissed_OrNothingButASnapshotHelps()
    {
        Begin(5, (5000, 10));
        _stream.Take(Delta(7, 5, (5000, 11)), out _);
        _stream.Take(Delta(9, 7, (5000, 12)), out _);
        Assert.Equal([9L], _stream.After(1, 7)!.Select(message => message.Sequence));
        // The client had the book at 6 from another node, which had merged other messages, but 7 follows that too.
        Assert.Equal([7L, 9L], _stream.After(1, 6)!.Select(message => message.Sequence));
        Assert.Empty(_stream.After(1, 9)!);
        Assert.Null(_stream.After(1, 4));
        Assert.Null(_stream.After(2, 7));
        Assert.Null(_stream.After(1, 10));
    }

    [Fact]
    public void ReadingToMakeSure_TellsClientsNothing_UnlessSomethingWasMissing()
    {
        Begin(5, (5000, 10));
        Assert.True(_stream.Take(Read(8, (5000, 10)), out var same));
        Assert.Null(same);
        Assert.True(_stream.Take(Read(8, (5000, 12)), out var different));
        Assert.Equal("5000x12", Bids());
        Assert.True(different!.Snapshot);
    }

    [Fact]
    [Trait("Category", "Trust")]
    public void TheLeadersHash_OfTheSameBook_ChangesNothing()
    {
        Begin(5, (5000, 10), (4000, 7));
        Assert.Equal(StreamStep.Applied, _stream.Take(Delta(9, 5, (5000, 11)), out _));
        Assert.Equal(StreamStep.Same, _stream.Take(Position(9, (5000, 11), (4000, 7)), out _));
        Assert.True(_stream.IsLive);
    }

    [Theory]
    [InlineData(9, false)]
    [InlineData(8, true)]
    [Trait("Category", "Trust")]
    public void ABookThatDiffersFromTheLeaders_IsHidden_OrReadAgainWhileItIsAhead(long position, bool isLive)
    {
        Begin(5, (5000, 10));
        _stream.Take(Delta(9, 5, (9900, 99)), out _);
        Assert.Equal(StreamStep.Different, _stream.Take(Position(position, (5000, 10)), out _));
        Assert.Equal(isLive, _stream.IsLive);
        Assert.True(_stream.Take(Read(9, (5000, 10)), out var whole));
        Assert.Equal("5000x10", Bids());
        Assert.True(whole!.Snapshot);
    }

    [Fact]
    [Trait("Category", "Trust")]
    public void ANewLeaderThatRepeatsAPosition_IsFollowed_AndItsHashCompared()
    {
        Begin(5, (5000, 10));
        Assert.Equal(StreamStep.Same, _stream.Take(Position(5, (5000, 10)) with { Epoch = 2 }, out _));
        Assert.Equal(2, _stream.Epoch);
        Assert.Equal(StreamStep.Different, _stream.Take(Position(5, (5000, 11)) with { Epoch = 2 }, out _));
    }

    [Fact]
    public void AnOrderOfABinaryMarket_IsALevelOfBothOutcomes()
    {
        var levels = BookLevels.Of(
            [
                (1, new LevelChange(0, true, 4000, 5, FirmLots: 2)),
                (1, new LevelChange(1, false, 6000, 7, FirmLots: 7)),
                (2, new LevelChange(1, true, 3000, 9)),
            ],
            new HashSet<int> { 1 }
        );
        Assert.Equal(
            [new LevelChange(0, true, 4000, 12, 9), new LevelChange(1, false, 6000, 12, 9)],
            levels[1].OrderBy(level => level.Outcome)
        );
        Assert.Equal([new LevelChange(1, true, 3000, 9)], levels[2]);
    }

    /// <summary>Firm lots are a part of the level, so a book that has others is a different one, by the hash too.</summary>
    [Fact]
    [Trait("Category", "Firm")]
    public void FirmLots_AreOfTheLevel_AndGoWithIt()
    {
        var firm = new LevelChange(0, true, 5_000, 10, FirmLots: 4);
        Assert.True(_stream.Take(new BookSnapshot(1, 5, new[] { firm }.ToLookup(_ => 1)), out _));
        Assert.Equal([new LevelView("0.5", "0.1", "0.04")], _stream.View(0, 10)!.Bids);
        Assert.Equal(StreamStep.Same, _stream.Take(Hashed(firm), out _));
        Assert.Equal(StreamStep.Different, _stream.Take(Hashed(firm with { FirmLots = 5 }), out _));

        Assert.True(_stream.Take(new BookSnapshot(1, 5, new[] { firm }.ToLookup(_ => 1)), out _));
        Assert.Equal(StreamStep.Applied, _stream.Take(Change(6, 5, firm with { FirmLots = 0 }), out var applied));
        Assert.Equal(0, applied!.Levels[0].FirmLots);
        Assert.Equal([new LevelView("0.5", "0.1")], _stream.View(0, 10)!.Bids);
        _stream.Take(Change(7, 6, firm), out _);
        _stream.Take(Change(8, 7, firm with { Lots = 0, FirmLots = 0 }), out _);
        _stream.Take(Change(9, 8, firm with { FirmLots = 0 }), out _);
        Assert.Equal([new LevelView("0.5", "0.1")], _stream.View(0, 10)!.Bids);

        static DepthMessage Change(long sequence, long previous, LevelChange level) =>
            new(1, 1, sequence, previous, Snapshot: false, [level]);

        static DepthMessage Hashed(LevelChange level) =>
            new(1, 1, 5, 4, Snapshot: false, [], [BookHash.OfLevel(isBid: true, level.PriceTicks, level.Lots, level.FirmLots)]);
    }

    private void Begin(long sequence, params (int Ticks, long Lots)[] bids) => Assert.True(_stream.Take(Read(sequence, bids), out _));

    private string Bids() =>
        string.Join(
            ' ',
            _stream
                .View(0, 10)!
                .Bids.Select(level => $"{(int)(decimal.Parse(level.Price) * 10_000)}x{(long)(decimal.Parse(level.Quantity) * 100)}")
        );

    private static DepthMessage Delta(long sequence, long previous, params (int Ticks, long Lots)[] bids) =>
        new(1, 1, sequence, previous, Snapshot: false, [.. bids.Select(bid => new LevelChange(0, true, bid.Ticks, bid.Lots))]);

    private static DepthMessage Large(long sequence, long previous, int levels) =>
        new(1, 1, sequence, previous, Snapshot: false, [.. Enumerable.Repeat(new LevelChange(0, true, 4_900, 7), levels)]);

    private static DepthMessage Position(long sequence, params (int Ticks, long Lots)[] bids) =>
        new(
            1,
            1,
            sequence,
            sequence,
            Snapshot: false,
            [],
            [bids.Aggregate(0u, (hash, bid) => hash + BookHash.OfLevel(isBid: true, bid.Ticks, bid.Lots))]
        );

    private static BookSnapshot Read(long sequence, params (int Ticks, long Lots)[] bids) =>
        new(1, sequence, bids.ToLookup(_ => 1, bid => new LevelChange(0, true, bid.Ticks, bid.Lots)));
}
