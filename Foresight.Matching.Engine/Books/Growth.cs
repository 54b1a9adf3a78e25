namespace Foresight.Matching.Engine.Books;

internal static class Growth
{
    /// <summary>
    /// Tables grow by a quarter when large, because doubling could reserve twice what a book of a million orders uses
    /// (docs/decisions/0104).
    /// </summary>
    public static int Next(int capacity) => capacity < 65_536 ? checked(capacity * 2) : checked(capacity + (capacity >> 2));
}
