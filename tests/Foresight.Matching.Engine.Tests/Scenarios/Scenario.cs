using System.Globalization;
using Foresight.Matching.Engine.Tests.Support;

namespace Foresight.Matching.Engine.Tests.Scenarios;

/// <summary>
/// A trader can read the lines; the README.md beside the files defines them. The answer to a line (after <c>&gt;</c>) must be complete and
/// in order, so that no event goes unnoticed.
/// </summary>
internal sealed class Scenario
{
    private const long StartSeconds = 1_700_000_000;

    private readonly ScenarioNames _names = new();
    private readonly ScenarioParser _parser;
    private readonly ExchangeEngine _engine = new();
    private readonly RecordedEvents _events = new();
    private readonly List<string> _result = [];
    private readonly Queue<string> _said = new();
    private long _seconds = StartSeconds;

    public Scenario() => _parser = new ScenarioParser(_names);

    public IReadOnlyList<string> Run(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            var text = line.Trim();
            if (text.StartsWith('>'))
                continue;
            _result.AddRange(_said.Select(said => $"> {said}"));
            _said.Clear();
            _result.Add(text.Length == 0 || text.StartsWith('#') ? line : Step(text));
        }

        _result.AddRange(_said.Select(said => $"> {said}"));
        return _result;
    }

    private string Step(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        switch (words[0])
        {
            case "book":
                return Book(words[1]);
            case "holds":
                return words[2] == "firm" ? Holds(words[1], words[3], Purse.Vault) : Holds(words[1], words[2], Purse.Wallet);
            case "at":
                _seconds = StartSeconds + long.Parse(words[1], CultureInfo.InvariantCulture);
                return text;
        }

        _events.Clear();
        var command = _parser.Parse(words, _engine.Sequence + 1) with
        {
            Sequence = _engine.Sequence + 1,
            AcceptedAtMicros = _seconds * 1_000_000,
        };
        if (command.ExpiresAtSeconds != 0)
            command = command with { ExpiresAtSeconds = command.ExpiresAtSeconds + StartSeconds };
        var events = _events;
        _engine.Apply(command, ref events);
        foreach (var e in _events.Events)
            _said.Enqueue(ScenarioText.Of(e, _names));
        return text;
    }

    private string Book(string asset)
    {
        var (market, outcome) = ScenarioParser.Asset(asset);
        var levels = new DepthLevel[100];
        string Levels(Side side)
        {
            var count = _engine.Depth(new MarketId(market), outcome, side, levels);
            return count == 0
                ? "-"
                : string.Join(
                    ' ',
                    levels[..count].Select(level => $"{ScenarioText.Lots(level.Quantity.Lots)}@{ScenarioText.Price(level.Price)}")
                );
        }

        return $"book {asset} bids {Levels(Side.Buy)} asks {Levels(Side.Sell)}";
    }

    private string Holds(string account, string asset, Purse purse)
    {
        var isCollateral = asset == "usdc";
        var (market, outcome) = isCollateral ? (0, Command.CollateralOutcome) : ScenarioParser.Asset(asset);
        var holding = _engine.Balance(_names.Account(account), new MarketId(market), outcome, purse);
        string Units(long units) => isCollateral ? ScenarioText.Usdc(units) : ScenarioText.Lots(units);
        return $"holds {account} {(purse == Purse.Vault ? "firm " : "")}{asset} owned {Units(holding.Owned)} orders "
            + $"{Units(holding.OrderHold)} trades {Units(holding.TradeHold)} free {Units(holding.Available)}";
    }
}
