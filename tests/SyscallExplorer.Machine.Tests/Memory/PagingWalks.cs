namespace SyscallExplorer.Machine.Tests;

/// <summary>Page tables seen from a test: where the entries of an address stand.</summary>
internal static class PagingWalks
{
    private const ulong AddressBits = 0x000F_FFFF_FFFF_F000;

    /// <summary>Physical addresses of the entries that lead to a linear address, the root's first.</summary>
    public static IReadOnlyList<ulong> EntriesOf(this MachineBench bench, ulong linear)
    {
        List<ulong> path = [];
        ulong table = bench.Pages.Root;
        for (int shift = 39; shift >= 12; shift -= 9)
        {
            ulong address = table + (((linear >> shift) & 511) << 3);
            path.Add(address);
            ulong entry = bench.Read64(address);
            if ((entry & PageEntry.P) == 0 || (shift < 39 && (entry & PageEntry.PS) != 0))
                break;
            table = entry & AddressBits;
        }

        return path;
    }

    /// <summary>Clears a bit in every entry of an address.</summary>
    public static void ClearInEntries(this MachineBench bench, ulong linear, ulong bits)
    {
        foreach (ulong address in bench.EntriesOf(linear))
            bench.Write64(address, bench.Read64(address) & ~bits);
        bench.FlushTranslations();
    }

    public static void SetCr4(this MachineBench bench, ulong bits) => bench.Cpu.Registers.ControlRegister4 |= bits;

    public static void ClearCr0(this MachineBench bench, ulong bits) => bench.Cpu.Registers.ControlRegister0 &= ~bits;
}
