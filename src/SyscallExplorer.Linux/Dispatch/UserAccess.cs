using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>Kernel accesses to user memory: bounded, and opened to SMAP for just their instruction.</summary>
internal static class UserAccess
{
    private static readonly byte[] Nop3 = [0x0F, 0x1F, 0x00];
    private static readonly byte[] Stac = [0x0F, 0x01, 0xCB];
    private static readonly byte[] Clac = [0x0F, 0x01, 0xCA];

    /// <summary>STAC where there is SMAP.</summary>
    public static void Open(KernelAssembler k) => k.Either(KernelFeature.Smap, Nop3, Stac);

    /// <summary>CLAC where there is SMAP.</summary>
    public static void Close(KernelAssembler k) => k.Either(KernelFeature.Smap, Nop3, Clac);

    /// <summary><c>access_ok</c>: the address must lie below the end of user space. R10 is overwritten.</summary>
    public static void Check(KernelAssembler k, Iced.Intel.AssemblerRegister64 address, string otherwise)
    {
        k.mov(r10, KernelLayout.UserAddressLimit);
        k.cmp(address, r10);
        k.jae(k.To(otherwise));
    }
}
