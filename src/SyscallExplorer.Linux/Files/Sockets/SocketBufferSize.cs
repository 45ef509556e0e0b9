using System.Numerics;

namespace SyscallExplorer.Linux;

/// <summary>
/// How much of a sender's buffer a message takes: its bytes and the kernel's structures around them. It decides how many messages there are
/// room for, and programs see that.
/// </summary>
internal static class SocketBufferSize
{
    private const int Page = 4096;
    private const int Structure = 256;
    private const int SharedInformation = 320;
    private const int CacheLine = 64;
    private const int SmallestSlab = 512;
    private const int PagesOfStream = 32768;
    private const int LargestHead = 4 * Page - SharedInformation;

    /// <summary>What a stream sends at most in one piece.</summary>
    public const int LargestOfStream = LargestHead + PagesOfStream;

    /// <summary>The bytes of a stream lie in pages but for the first ones.</summary>
    public static int OfStream(int length) => Of(length, Page - SharedInformation);

    /// <summary>A datagram lies in one piece while it can.</summary>
    public static int OfDatagram(int length) => Of(length, LargestHead);

    private static int Of(int length, int head)
    {
        int paged = Math.Min(length, Aligned(Math.Max(0, length - head), Page));
        int slab = (int)BitOperations.RoundUpToPowerOf2((uint)(Aligned(length - paged, CacheLine) + SharedInformation));
        return Math.Max(slab, SmallestSlab) + Structure + Aligned(paged, Page);
    }

    private static int Aligned(int length, int unit) => (length + unit - 1) / unit * unit;
}
