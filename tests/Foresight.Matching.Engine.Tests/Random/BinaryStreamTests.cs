using Xunit.Abstractions;

namespace Foresight.Matching.Engine.Tests.Random;

public sealed class BinaryStreamTests(ITestOutputHelper output) : DifferentialTests(output)
{
    public static TheoryData<ulong, RandomProfile> Streams =>
        new()
        {
            { 1, new RandomProfile(2, 2, Accounts: 6, OpenMarkets: 1, LiveOrders: 30, Span: 6) },
            { 2, new RandomProfile(2, 2, Accounts: 12, OpenMarkets: 3, LiveOrders: 60, Span: 12) },
            { 3, new RandomProfile(2, 2, Accounts: 4, OpenMarkets: 2, LiveOrders: 40, Span: 60) },
            { 8, new RandomProfile(2, 8, Accounts: 10, OpenMarkets: 4, LiveOrders: 80, Span: 8) },
        };

    [Theory]
    [MemberData(nameof(Streams))]
    public void RandomCommands_LeadToWhatTheObviousExchangeSays(ulong seed, RandomProfile profile) => Compare(seed, profile);
}
