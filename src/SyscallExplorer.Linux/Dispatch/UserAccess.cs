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

    /// <summary>TASK_SIZE_MAX, which is larger where page tables have five levels.</summary>
    public static void LoadLimit(KernelAssembler k, Iced.Intel.AssemblerRegister64 register)
    {
        const int fiveLevelBits = 56;
        k.Either(KernelFeature.La57, Load(KernelLayout.UserAddressLimit), Load((1ul << fiveLevelBits) - KernelLayout.PageSize));

        byte[] Load(ulong value)
        {
            const byte rexW = 0x48, mov = 0xB8;
            int number = register.Value - Iced.Intel.Register.RAX;
            return [(byte)(rexW | (number >> 3)), (byte)(mov | (number & 7)), .. BitConverter.GetBytes(value)];
        }
    }

    /// <summary><c>access_ok</c>: the address must lie below the end of user space. R10 is overwritten.</summary>
    public static void Check(KernelAssembler k, Iced.Intel.AssemblerRegister64 address, string otherwise)
    {
        LoadLimit(k, r10);
        k.cmp(address, r10);
        k.jae(k.To(otherwise));
    }
}
