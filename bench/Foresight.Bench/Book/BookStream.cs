using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Foresight.Matching.Engine;

namespace Foresight.Bench.Book;

/// <param name="Totals">Computed by <see cref="NaiveBook"/>, which shares no code with the product.</param>
public sealed record BookStream(
    string Name,
    Operation[] Operations,
    int Books,
    TradeTotals Totals,
    int Cancels,
    int MostLive,
    Expectation? Published
)
{
    public string Sha256 { get; } = Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(Operations.AsSpan())));

    public bool IsAsPublished =>
        Published is null || (Published.Sha256 == Sha256 && Published.Cancels == Cancels && Published.Totals == Totals);

    public static BookStream Generate(Workload workload, ulong seed)
    {
        var (operations, totals, mostLive) = WorkloadGenerator.Generate(workload, seed);
        var cancels = operations.Count(operation => operation.Kind == OperationKind.Cancel);
        return new BookStream(
            workload.Name,
            operations,
            workload.Books,
            totals,
            cancels,
            mostLive,
            seed == Workload.PublishedSeed ? workload.Expected : null
        );
    }

    public static BookStream Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        if (bytes.Length == 0 || bytes.Length % Marshal.SizeOf<Operation>() != 0)
            throw new OptionException($"{path} does not consist of records of {Marshal.SizeOf<Operation>()} bytes");
        var operations = MemoryMarshal.Cast<byte, Operation>(bytes).ToArray();
        var books = operations.Max(operation => operation.Book) + 1;
        var obvious = new NaiveBook[books];
        for (var i = 0; i < books; i++)
            obvious[i] = new NaiveBook();
        var totals = TradeTotals.None;
        var cancels = 0;
        var live = 0;
        var mostLive = 0;
        for (var i = 0; i < operations.Length; i++)
        {
            ref readonly var operation = ref operations[i];
            RequireReadable(operation, operations, i);
            var book = obvious[operation.Book];
            live -= book.Count;
            if (operation.Kind == OperationKind.Cancel)
            {
                cancels++;
                if (!book.Cancel(operation.Id))
                    throw new OptionException($"operation {i} cancels order {operation.Id}, which is not live");
            }
            else
            {
                book.Add(
                    operation.Id,
                    operation.Side,
                    operation.Price,
                    operation.Quantity,
                    operation.Kind == OperationKind.Limit,
                    (maker, taker, price, quantity, _) => totals = totals.With(maker, taker, price, quantity)
                );
            }

            live += book.Count;
            mostLive = Math.Max(mostLive, live);
        }

        var sha = Convert.ToHexStringLower(SHA256.HashData(bytes));
        var published = Workload.All.FirstOrDefault(workload => workload.Expected.Sha256 == sha);
        return new BookStream(published?.Name ?? Path.GetFileName(path), operations, books, totals, cancels, mostLive, published?.Expected);
    }

    /// <summary>
    /// An upper bound of the 64-level pages that the orders need, so that they can be reserved outside the measured time.
    /// </summary>
    public static int PagesOf(Operation[] operations, int books)
    {
        const int PagesOfLadder = (Price.MaxTicks >> 6) + 1;
        var isUsed = new bool[books * 2 * PagesOfLadder];
        foreach (ref readonly var operation in operations.AsSpan())
        {
            if (operation.Kind != OperationKind.Limit)
                continue;
            var key = operation.Side == 0 ? Price.TicksPerUnit - operation.Price : operation.Price;
            isUsed[(operation.Book * 2 + operation.Side) * PagesOfLadder + (key >> 6)] = true;
        }

        return isUsed.Count(used => used);
    }

    private static void RequireReadable(in Operation operation, Operation[] operations, int index)
    {
        var isRight = operation.Kind switch
        {
            OperationKind.Cancel => operation.Id >= 1 && operation.Id <= index && operations[operation.Id - 1].Book == operation.Book,
            <= OperationKind.Cancel => operation.Id == index + 1
                && operation.Price is >= 1 and <= 9999
                && operation.Quantity > 0
                && operation.Side <= 1,
            _ => false,
        };

        if (!isRight)
            throw new OptionException(
                $"operation {index} is not one of the format: {operation.Kind} {operation.Id} {operation.Side} {operation.Price}"
            );
    }
}
